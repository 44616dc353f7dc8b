from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("votes", "0006_tree_heads")]
    operations = [
        migrations.AddField(
            model_name="scheduledcontest",
            name="is_put_by_rule",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="by the rule of admission, and by no admin since",
            ),
        ),
    ]
