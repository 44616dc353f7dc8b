"""Threads and posts: everything that is said, open to read."""

from typing import ClassVar

from django.db import models

from accounts.models import Wallet


class Thread(models.Model):
    """A conversation. What it is about owns it by a not-null key; here only its title and address are known."""

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    title = models.CharField(max_length=200)
    address = models.CharField(max_length=200, help_text="path of the page that it is about")
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class PostQuerySet(models.QuerySet["Post"]):
    def readable(self) -> "PostQuerySet":
        """Posts with author and words, in the order in which they were written."""
        return self.select_related("author", "text", "thread").order_by("posted_at", "id")


class Post(models.Model):
    """One thing said. Appended, never edited; its words stand beside it under their hash."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="posts")
    author = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()
    text_sha256 = models.BinaryField(max_length=32)

    objects: ClassVar[models.Manager["Post"]] = PostQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["thread", "posted_at", "id"], name="posts_of_a_thread_in_order")]
        ordering = ["posted_at", "id"]

    def __str__(self) -> str:
        return f"post {self.pk}"

    def get_absolute_url(self) -> str:
        return f"{self.thread.address}#post-{self.pk}"

    @property
    def words(self) -> str | None:
        """What was said, None where it was erased."""
        return self.text.text if hasattr(self, "text") else None


class PostText(models.Model):
    """A post's words; what the law forbids can be erased here and nothing else breaks.

    A trigger refuses words whose hash is not the post's: they can go, and never become others.
    """

    post = models.OneToOneField(Post, on_delete=models.PROTECT, primary_key=True, related_name="text")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]
