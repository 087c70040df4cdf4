"""What a browser asks of Roundcube, without a browser: for what no script decides."""

import contextlib
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request

from dovecot import PASSWORD

BOUNDARY = "boundary-of-an-upload"


class Requests:
    """Logged in as `user`."""

    def __init__(self, roundcube, user):
        self._url = roundcube.url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        self.address = ""            # of the last page, after its redirections
        self._token = ""
        token = re.search(r'name="_token" value="(\w+)"', self.get())[1]
        page = self.post({"task": "login", "action": "login"}, timezone="UTC", url="", user=user,
                         **{"pass": PASSWORD, "token": token})
        self._token = re.search(r'"request_token":"(\w+)"', page)[1]

    def get(self, **parameters):
        """The page, whatever its status is."""
        return self._ask(urllib.request.Request(self._address(parameters),
                                                headers=self._headers()))

    def post(self, parameters, **fields):
        data = urllib.parse.urlencode(_named({"token": self._token, **fields}))
        return self._ask(urllib.request.Request(self._address(parameters), data.encode(),
                                                self._headers()))

    def compose(self, **parameters):
        """An editor, or what there is in its place."""
        page = self.get(task="mail", action="compose", **parameters)
        return Editor(self, page, re.search(r"_id=(\w+)", self.address)[1])

    def upload(self, editor, name, content):
        head = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="_attachments[]";'
                f' filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n')
        return self._ask(urllib.request.Request(
            self._address({"task": "mail", "action": "upload", "id": editor.id, "uploadid": 1,
                           "from": "compose", "remote": 1}),
            head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **self._headers()}))

    def _address(self, parameters):
        return f"{self._url}?{urllib.parse.urlencode(_named(parameters))}"

    def _headers(self):
        return {"X-Roundcube-Request": self._token} if self._token else {}

    def _ask(self, request):
        try:
            response = self._opener.open(request)
        except urllib.error.HTTPError as error:
            response = error
        with contextlib.closing(response):
            self.address = response.geturl()
            return response.read().decode(errors="replace")


class Editor:
    def __init__(self, requests, page, number):
        self.page = page
        self.id = number
        self.draft = (re.search(r'"draft_id":"?([\w-]+)', page) or ["", ""])[1]
        self._requests = requests
        sender = re.search(r'name="_from".*?<option value="(\d+)"', page, re.DOTALL)
        self._sender = sender[1] if sender else "1"

    @property
    def is_open(self):
        return 'id="composebody"' in self.page

    @property
    def is_refused(self):
        return 'id="mail-seal-refused"' in self.page

    def save(self, body, **fields):
        """As a draft, in place of the last one; what the answer says."""
        answer = self._submit(body, draft=1, **fields)
        self.draft = re.search(r'set_draft_id\("?(\w+)', answer)[1]
        return answer

    def send(self, body):
        answer = self._submit(body)
        assert "sent_successfully" in answer
        return answer

    def to_window(self, body, subject):
        """What the editor has goes on in a window of its own."""
        self.page = self._requests.post(
            {"task": "mail", "action": "compose", "id": self.id, "extwin": 1}, message=body,
            subject=subject, to="friend@example.net", draft_saveid=self.draft)

    def _submit(self, body, **fields):
        return self._requests.post(
            {"task": "mail", "action": "send", "framed": 1, "lang": "en_US"},
            **{"id": self.id, "from": self._sender, "to": "friend@example.net", "subject": "Hello",
               "message": body, "is_html": 0, "draft_saveid": self.draft, "store_target": "Sent",
               "attachments": "", **fields})


def _named(parameters):
    return {f"_{name}": value for name, value in parameters.items()}
