/**
 * mail_seal: the part in the browser
 *
 * @license GNU GPLv3+
 */

window.rcmail && rcmail.addEventListener('init', function() {
    rcmail.addEventListener('insertrow', function(o) {
        // Roundcube's own title says that there is an attachment
        $('span.mail-seal', o.row.obj || o.row).attr('title', rcmail.get_label('mail_seal.sealed'));
    });

    rcmail.addEventListener('responseaftersearch', function() {
        // busy: the search goes on in more folders
        if (rcmail.env.mail_seal_headersonly && !rcmail.env.messagecount && !rcmail.busy) {
            rcmail.display_message(rcmail.get_label('mail_seal.headersonly'), 'notice', 15000);
        }
    });
});

// Sent, and the server has refused the copy: this page has the only one.
rcube_webmail.prototype.mail_seal_unsaved = function(message)
{
    var bytes = Uint8Array.from(atob(message), function(c) { return c.charCodeAt(0); }),
        link = $('<a class="btn btn-primary" download="message.eml">').text(this.get_label('mail_seal.download'))
            .attr('href', URL.createObjectURL(new Blob([bytes], {type: 'message/rfc822'})));

    $('#mail-seal-unsaved').remove();
    $('<div id="mail-seal-unsaved" class="ui alert alert-warning boxwarning">').append($('<p>').text(this.get_label(message ? 'mail_seal.unsaved' : 'mail_seal.unsavedlarge')), message ? link : '')
        .prependTo(this.gui_objects.messageform);

    // so that the browser asks before it leaves the page
    this.compose_skip_unsavedcheck = false;
    this.cmp_hash = '';
};

// Gives the server what is in the form, if that is nothing but certificates.
rcube_webmail.prototype.mail_seal_give = function(form)
{
    var ref = this, reader = new FileReader(), max = 262144,
        file = $('[type=file]', form)[0].files[0] || new Blob([$('textarea', form).val()]);

    reader.onload = function() {
        var certificates = ref.mail_seal_certificates(reader.result),
            label = file.size > max ? 'toolarge' : (certificates ? '' : 'notsent');

        $('[type=file], textarea', form).val('');
        if (label) {
            $('#mail-seal-result').html($('<div class="ui alert alert-danger boxerror">').append($('<span>').text(ref.get_label('mail_seal.' + label))));
        }
        else {
            form._value.value = btoa(certificates);
            form.submit();
        }
    };
    reader.readAsBinaryString(file.slice(0, max));
};

// The certificates in a file; nothing if there may be something else, such as a secret key.
rcube_webmail.prototype.mail_seal_certificates = function(bytes)
{
    var is_certificate = this.mail_seal_is_certificate,
        pattern = /-----BEGIN (PGP PUBLIC KEY BLOCK|CERTIFICATE)-----[^]*?-----END \1-----/g,
        blocks = bytes.match(pattern) || [],
        // around them may be words
        is_alone = !/-----BEGIN|[^\t\r\n -~\x80-\xff]|[\w+\/]{48}/.test(bytes.replace(pattern, '')),
        decode = function(text) {
            try { return atob(text.replace(/\s/g, '')); }
            catch (e) { return ''; }
        },
        // without the lines of armor that are no base64
        is_block = function(block) {
            return is_certificate(decode(block.replace(/^(-.*|.*:.*|=.{4}\s*)$/gm, '')));
        };

    if (blocks.length && is_alone && blocks.every(is_block)) {
        return blocks.join('\n').replace(/[^\t\r\n -~]/g, '?') + '\n';
    }

    return [bytes, decode(bytes)].filter(is_certificate)[0];
};

// X.509 (RFC 5280), or OpenPGP: public keys and what belongs to them (RFC 9580)
rcube_webmail.prototype.mail_seal_is_certificate = function(bytes)
{
    var i, tag, count, size,
        number = function(from, count) {
            return bytes.substr(from, count).split('').reduce(function(n, c) { return n * 256 + c.charCodeAt(0); }, 0);
        },
        // a SEQUENCE that begins with one, which has a version or a serial number first
        der = bytes.match(/^0(\x81[^]|\x82[^]{2}|\x83[^]{3})0(?:\x81[^]|\x82[^]{2}|\x83[^]{3})(?:\xa0\x03\x02\x01|\x02)/);

    if (der) {
        return 1 + der[1].length + number(2, der[1].length - 1) == bytes.length;
    }

    for (i = 0; i < bytes.length; i += 1 + count + size) {
        tag = number(i, 1);
        size = number(i + 1, 1);
        if (tag >= 0xc0) {
            count = size < 192 ? 1 : (size < 224 ? 2 : (size == 255 ? 5 : NaN));
            size = [NaN, size, number(i + 1, 2) - 0xc000 + 192, 0, 0, number(i + 2, 4)][count];
            tag -= 0xc0;
        }
        else {
            count = [1, 2, 4, NaN][tag & 3];
            size = number(i + 1, count);
            tag = tag < 0x80 ? NaN : tag >> 2 & 15;
        }
        if ((i == 0 && tag != 6) || [2, 6, 12, 13, 14, 17, 21].indexOf(tag) < 0) {
            return false;
        }
    }

    return i > 0 && i == bytes.length;
};
