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

    $('#mail-seal-give').on('submit', function(e) {
        e.preventDefault();
        rcmail.mail_seal_give(this);
    });

    $('#mail-seal-withdraw').on('submit', function(e) {
        if (!confirm(rcmail.get_label('mail_seal.reallywithdraw'))) {
            e.preventDefault();
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
    $('<div id="mail-seal-unsaved" class="ui alert alert-warning boxwarning">').append($('<p>').text(this.get_label('mail_seal.unsaved')), message ? link : '')
        .prependTo(this.gui_objects.messageform);

    // so that the browser asks before it leaves the page
    this.compose_skip_unsavedcheck = false;
    this.cmp_hash = '';
};

// Gives the server what is in the form, but never a secret key.
rcube_webmail.prototype.mail_seal_give = function(form)
{
    var ref = this, reader = new FileReader(), max = 262144,
        file = $('[type=file]', form)[0].files[0] || new Blob([$('textarea', form).val()]);

    reader.onload = function() {
        var label = file.size > max ? 'toolarge' : (ref.mail_seal_is_secret(reader.result) ? 'secret' : '');

        $('[type=file], textarea', form).val('');
        if (label) {
            $('#mail-seal-result').html($('<div class="ui alert alert-danger boxerror">').append($('<span>').text(ref.get_label('mail_seal.' + label))));
        }
        else {
            form._value.value = btoa(reader.result);
            form.submit();
        }
    };
    reader.readAsBinaryString(file.slice(0, max));
};

// As in lib/mail_seal_certificate.php, where the comments are
rcube_webmail.prototype.mail_seal_is_secret = function(bytes)
{
    var i, tag, size, count, binaries = [],
        length = '(?:[\\x00-\\x80]|\\x81[^]|\\x82[^]{2}|\\x83[^]{3})',
        der = new RegExp('^0' + length + '(?:\\x02\\x01[\\x00-\\x03]|0' + length + '\\x06)'),
        decode = function(text) { try { return atob(text.replace(/\s/g, '')); } catch (e) { return ''; } },
        number = function(binary, from, size) {
            for (var n = 0; size-- > 0; ) n = n * 256 + binary.charCodeAt(from++);
            return n;
        };

    bytes.replace(/-----BEGIN [^-]+-----([^]*?)-----END/g, function(all, text) {
        binaries.push(decode(text.replace(/^(.*:.*|=.{4}\s*)$/gm, '')));
    });
    if (!binaries.length) {
        binaries.push(/^[A-Za-z0-9+\/\s]+=*\s*$/.test(bytes) ? decode(bytes) : bytes);
    }

    return /BEGIN[\w ]*(PRIVATE|SECRET)/i.test(bytes.replace(/\0/g, '')) || binaries.some(function(binary) {
        for (i = 0; i < binary.length && (tag = number(binary, i++, 1)) & 0x80; i += count + size) {
            if (/^[57]$/.test(tag & 0x40 ? tag & 0x3f : tag >> 2 & 15)) {
                return true;
            }
            size = number(binary, i, 1);
            count = tag & 0x40 ? (size < 192 ? 1 : (size < 255 ? 2 : 5)) : [1, 2, 4, 0][tag & 3];
            size = tag & 0x40 ? [0, size, number(binary, i, 2) - 0xc000 + 192, 0, 0, number(binary, i + 1, 4)][count]
                : (count ? number(binary, i, count) : binary.length);
        }
        return der.test(binary);
    });
};
