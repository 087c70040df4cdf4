/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Rows of the table in detect-cases.h: PGP/MIME as Exchange mangles it */

	/* as Exchange mangles it */
	{ "mangled", true, "Content-Type: multipart/mixed; boundary=b\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with an empty text", true,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with a text", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsecret\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "ciphertext attached", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsee file\n" CIPHER_PART CLOSE },
	{ "ciphertext without a version", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n" CIPHER_PART CLOSE },
	{ "mangled, with an empty HTML", true, MIXED
	  PART("Content-Type: text/html\n", "") VERSION_PART CIPHER_PART
	  CLOSE },
	{ "mangled, an open delimiter at the end", true, MIXED
	  PART("Content-Type: text/plain\n" QP, "") VERSION_PART
	  PART(BASE64, ARMOR_BASE64) "--b" },
	{ "mangled, HTML of markup only", true, MIXED
	  PART("Content-Type: text/html; charset=us-ascii\n" QP,
	       "<html><head></head><body></body></html>\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Outlook", true, MIXED
	  PART("Content-Type: text/html\n", OUTLOOK_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Exchange", true, MIXED
	  PART("Content-Type: text/html\n", EXCHANGE_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Exchange from a text", true, MIXED
	  PART("Content-Type: text/html\n", CONVERTED_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Word", true, MIXED
	  PART("Content-Type: text/html\n", WORD_HTML)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with another comment of Word's", false, MIXED
	  PART("Content-Type: text/html\n",
	       "<!--[if gte mso 9]><xml>secret</xml><![endif]-->")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, no-break spaces", true, MIXED
	  PART(QP, "=A0 =C2=A0\n") VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative in an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: multipart/alternative; boundary=d\n\n"
	  "--d--\n--c--\n" VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty text in base64", true, MIXED
	  PART("Content-Type: text/plain\n" BASE64, "DQo=\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML of Outlook in base64", true, MIXED
	  PART("Content-Type: text/html\n" BASE64,
	       "PGh0bWw+PGJvZHk+Jm5ic3A7PGJyLz48L2JvZHk+PC9odG1sPg==\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, two empty texts", true, MIXED
	  PART("Content-Type: text/plain\n", " \n")
	  PART("Content-Type: text/html\n", "<br>\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty alternative", true, MIXED ALTERNATIVE("\n", "\n")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an empty alternative with HTML", true,
	  MIXED ALTERNATIVE("\n", OUTLOOK_HTML) VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative without a close", true, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: text/plain\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative without parts", true, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative of text", false,
	  MIXED ALTERNATIVE("secret\n", "\n") VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, an alternative of HTML", false,
	  MIXED ALTERNATIVE("\n", "<p>secret</p>\n") VERSION_PART CIPHER_PART
	  CLOSE },
	{ "mangled, text before an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\nsecret\n"
	  "--c\nContent-Type: text/plain\n\n\n--c--\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, text behind an alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: text/plain\n\n\n--c--\nsecret\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, all in the alternative", false, MIXED
	  "--b\nContent-Type: multipart/alternative; boundary=c\n\n"
	  "--c\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
	  "--c\n\n" ARMOR "--c--\n" CLOSE },
	{ "mangled, four empty texts", false, MIXED
	  PART("", "") PART("", "") PART("", "") PART("", "")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "an empty text before PGP/MIME", false, ENCRYPTED
	  PART("Content-Type: text/plain\n", "") PGP_MIME },
	{ "an alternative in PGP/MIME", false, ENCRYPTED
	  ALTERNATIVE("\n", "\n") PGP_MIME },
	{ "mangled, HTML with text", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body>secret</body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with an entity of text", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body>&#115;</body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a comment", false, MIXED
	  PART("Content-Type: text/html\n", "<html><!-- secret --></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a title", false, MIXED
	  PART("Content-Type: text/html\n", "<html><head><title>secret</title></head></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a tooltip", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><p title=\"secret\"></p></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with data of its own", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body data-a=\"secret\"></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a picture", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><img alt=\"secret\"></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a link", false, MIXED
	  PART("Content-Type: text/html\n", "<html><body><a href=\"https://secret\"></a></body></html>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a description", false, MIXED
	  PART("Content-Type: text/html\n", "<meta name=\"description\" content=\"a secret text\">")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a long class", false, MIXED
	  PART("Content-Type: text/html\n", "<p class=\"this is a long secret text and more\"></p>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with text as style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>secret text</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a comment in its style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>p {margin:0; /* secret */}</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with content by style", false, MIXED
	  PART("Content-Type: text/html\n", "<style>p {content:'secret'}</style>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with a script", false, MIXED
	  PART("Content-Type: text/html\n", "<script>secret</script>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with an element of its own", false, MIXED
	  PART("Content-Type: text/html\n", "<secret-text></secret-text>")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML with text in an end tag", false, MIXED
	  PART("Content-Type: text/html\n", "<p></p secret=\"a\">")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML that isn't closed", false, MIXED
	  PART("Content-Type: text/html\n", "<p class=\"a")
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, HTML, much of it", false, MIXED
	  PART("Content-Type: text/html\n", "<p>" LONG_TEXT LONG_TEXT)
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with a file", false, MIXED VERSION_PART CIPHER_PART
	  PART("Content-Type: text/plain\n", "secret\n") CLOSE },
	{ "mangled, base64 armor", true, MIXED VERSION_PART
	  PART(BASE64, ARMOR_BASE64) CLOSE },
	{ "mangled, plaintext in the ciphertext's place", false,
	  MIXED VERSION_PART
	  PART("Content-Type: text/plain\n", "secret\n") CLOSE },
