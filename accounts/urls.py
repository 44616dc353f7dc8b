from django.urls import path

from accounts import views

urlpatterns = [
    path("sign-in/", views.sign_in_page, name="sign_in"),
    path("sign-in/message/", views.message, name="sign_in_message"),
    path("sign-in/finish/", views.finish, name="sign_in_finish"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
