from django import forms


class RichText(forms.Textarea):
    """A textarea that rich.js puts a small editor in front of."""

    class Media:
        css = {"all": ["press/rich.css"]}
        js = ["press/rich.js"]

    def __init__(self, attrs=None):
        super().__init__({"class": "press-rich", "rows": 10, "cols": 80,
                          **(attrs or {})})
