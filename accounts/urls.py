from django.urls import path

from accounts import settings_views, views

urlpatterns = [
    path("sign-in/", views.sign_in_page, name="sign_in"),
    path("sign-in/message/", views.message, name="sign_in_message"),
    path("sign-in/finish/", views.finish, name="sign_in_finish"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("me/", settings_views.me, name="me"),
    path("me/name/", settings_views.set_name, name="set_name"),
    path("me/email/", settings_views.set_email, name="set_email"),
    path("me/email/receipts/", settings_views.receipts, name="email_receipts"),
    path("me/email/delete/", settings_views.forget_email, name="forget_email"),
    path("me/email/confirm/<str:token>/", settings_views.confirm_email, name="confirm_email"),
]
