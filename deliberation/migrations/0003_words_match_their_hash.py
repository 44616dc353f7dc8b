"""The words beside a post are those that were said, as long as they are there."""

from django.db import migrations

MATCH = """
CREATE FUNCTION refuse_other_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF sha256(convert_to(NEW.text, 'UTF8'))
        IS DISTINCT FROM (SELECT text_sha256 FROM deliberation_post WHERE id = NEW.post_id) THEN
        RAISE EXCEPTION 'these words are not those of the post' USING ERRCODE = 'TP130';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER words_match_their_hash BEFORE INSERT OR UPDATE ON deliberation_posttext
    FOR EACH ROW EXECUTE FUNCTION refuse_other_words();
"""

UNDO = """
DROP TRIGGER words_match_their_hash ON deliberation_posttext;
DROP FUNCTION refuse_other_words();
"""


class Migration(migrations.Migration):
    dependencies = [("deliberation", "0002_append_only")]
    operations = [migrations.RunSQL(MATCH, UNDO)]
