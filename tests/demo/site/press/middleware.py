CSP = "script-src 'self'; style-src 'self'; connect-src 'self'"


def strict_csp(get_response):
    """Neither inline script nor inline style, and no other host."""
    def answer(request):
        response = get_response(request)
        response["Content-Security-Policy"] = CSP
        return response
    return answer
