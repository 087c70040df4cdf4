"""What an owner does on Roundcube's page "Sealed mailbox", and what it says."""

import enrolment


def opened(webmail):
    webmail.go("settings", action="plugin.mail_seal")
    return webmail


def section(webmail, name):
    return webmail.run("const found = document.getElementById(`mail-seal-${arguments[0]}`);"
                       "return found ? found.innerText : ''", name)


def press(webmail, name):
    webmail.run("document.getElementById('mail-seal-result').replaceChildren()")
    webmail.driver.find_element("css selector", f"#mail-seal-{name} button").click()


def result(webmail):
    """What the server or the page says to what was done."""
    text = webmail.wait("return document.readyState == 'complete'"
                        " && (document.getElementById('mail-seal-result') || {}).innerText")
    webmail.settle()
    return text


def paste(webmail, text):
    webmail.run("document.getElementById('mail-seal-text').value = arguments[0]", text)
    press(webmail, "give")
    return result(webmail)


def upload(webmail, folder, content):
    file = folder / "key"
    file.write_bytes(content)
    webmail.driver.find_element("id", "mail-seal-file").send_keys(str(file))
    press(webmail, "give")
    return result(webmail)


def confirm(webmail, code):
    webmail.driver.find_element("id", "mail-seal-code-value").send_keys(code)
    press(webmail, "code")
    return result(webmail)


def enrol(host, webmail, key):
    paste(webmail, key.certificate.decode())
    confirm(webmail, enrolment.code(host, webmail.user, key))
    assert host.keys_file(webmail.user).exists()
