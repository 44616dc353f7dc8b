from django.urls import path

from deliberation import views

urlpatterns = [
    path("forum/", views.newest, name="forum"),
    path("threads/<int:thread_id>/posts/", views.post, name="post"),
]
