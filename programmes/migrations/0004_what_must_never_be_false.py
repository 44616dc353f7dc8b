"""Names look different, what people said or applied for is appended, words are those of their hash."""

from django.conf import settings
from django.db import migrations, models

from journal.append_only import append_only

MATCH = """
CREATE FUNCTION refuse_words_of_another_hash() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE expected bytea;
BEGIN
    IF TG_TABLE_NAME = 'programmes_revisionwords' THEN
        SELECT words_sha256 INTO expected FROM programmes_programmerevision WHERE id = NEW.revision_id;
    ELSE
        SELECT words_sha256 INTO expected FROM programmes_application WHERE id = NEW.application_id;
    END IF;
    IF sha256(convert_to(NEW.document, 'UTF8')) IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'these words are not those that were published' USING ERRCODE = 'TP130';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER words_match_their_hash BEFORE INSERT OR UPDATE ON programmes_revisionwords
    FOR EACH ROW EXECUTE FUNCTION refuse_words_of_another_hash();
CREATE TRIGGER words_match_their_hash BEFORE INSERT OR UPDATE ON programmes_applicationwords
    FOR EACH ROW EXECUTE FUNCTION refuse_words_of_another_hash();
"""
UNDO = """
DROP TRIGGER words_match_their_hash ON programmes_revisionwords;
DROP TRIGGER words_match_their_hash ON programmes_applicationwords;
DROP FUNCTION refuse_words_of_another_hash();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("deliberation", "0003_words_match_their_hash"),
        ("ledger", "0002_books_balance"),
        ("programmes", "0003_names_and_admissions"),
        ("journal", "0002_refuse_change"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="programme",
            name="name_key",
            field=models.CharField(editable=False, max_length=640, unique=True),
        ),
        migrations.AlterField(
            model_name="typology",
            name="name_key",
            field=models.CharField(editable=False, max_length=640),
        ),
        migrations.AddConstraint(
            model_name="programme",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_key", ""), _negated=True), name="no_programme_lacks_a_name_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="typology",
            constraint=models.UniqueConstraint(
                fields=("programme", "name_key"), name="typology_names_look_different"
            ),
        ),
        migrations.AddConstraint(
            model_name="typology",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_key", ""), _negated=True), name="no_typology_lacks_a_name_key"
            ),
        ),
        migrations.RunSQL(MATCH, UNDO),
        append_only("programmes_programmerevision"),
        append_only("programmes_sponsorship"),
        append_only("programmes_admission"),
        append_only("programmes_application"),
        append_only("programmes_milestone"),
    ]
