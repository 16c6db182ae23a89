"""The list of cases."""
from rest_framework.generics import ListAPIView

from cases.models import Case
from cases.serializers import CaseSerializer


class CaseListView(ListAPIView):
    queryset = Case.objects.select_related("created_by")
    serializer_class = CaseSerializer
