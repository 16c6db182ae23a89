"""The two measured calls."""
from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView

from cases.views import CaseListView

urlpatterns = [
    path("api/users/login/", TokenObtainPairView.as_view()),
    path("api/cases/", CaseListView.as_view()),
]
