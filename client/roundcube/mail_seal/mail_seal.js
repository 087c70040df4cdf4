/**
 * mail_seal: the part in the browser
 *
 * @licstart  The following is the entire license notice for the
 * JavaScript code in this file.
 *
 * Copyright (c) 2026 the mail_seal authors
 *
 * The JavaScript code in this page is free software: you can redistribute it
 * and/or modify it under the terms of the GNU General Public License
 * as published by the Free Software Foundation, either version 3 of
 * the License, or (at your option) any later version.
 *
 * @licend  The above is the entire license notice
 * for the JavaScript code in this file.
 */

window.rcmail && rcmail.addEventListener('init', function() {
    // what attachments a sealed message has isn't known in the list
    rcmail.addEventListener('insertrow', function(o) {
        $('span.mail-seal', o.row.obj || o.row).attr('title', rcmail.get_label('mail_seal.sealed'));
    });

    rcmail.addEventListener('responseaftersearch', function() {
        if (rcmail.env.mail_seal_search && !rcmail.env.messagecount && !rcmail.busy) {
            rcmail.display_message(rcmail.get_label('mail_seal.headersonly'), 'notice', 15000);
        }
    });

    $('form.mail-seal-certificate').on('submit', function(e) {
        if (!this._certificate.value) {
            e.preventDefault();
            rcmail.mail_seal_give(this);
        }
    });

    $('form.mail-seal-withdraw').on('submit', function(e) {
        if (!confirm(rcmail.get_label('mail_seal.reallywithdraw'))) {
            e.preventDefault();
        }
    });
});

// The copy of a sent message was refused: the page has the only one.
rcube_webmail.prototype.mail_seal_unsaved = function(message)
{
    var ref = this,
        bytes = Uint8Array.from(atob(message), function(c) { return c.charCodeAt(0); }),
        link = $('<a class="btn btn-primary">').text(this.get_label('mail_seal.download')).attr({
            href: URL.createObjectURL(new Blob([bytes], {type: 'message/rfc822'})),
            download: 'message.eml'
        });

    $('#mail-seal-unsaved').remove();
    $('<div id="mail-seal-unsaved" class="boxwarning">')
        .append($('<p>').text(this.get_label('mail_seal.unsaved')), link)
        .prependTo(this.gui_objects.messageform);

    this.compose_skip_unsavedcheck = false;
    this.cmp_hash = null;
    link.on('click', function() {
        // clicked, and not yet gone: the browser's own question would come for this link, too
        setTimeout(function() { ref.cmp_hash = ref.compose_field_hash(); }, 0);
    });
};

// Gives the server what is in the form, if it is a certificate.
rcube_webmail.prototype.mail_seal_give = function(form)
{
    var ref = this,
        file = $('input[type=file]', form).get(0).files[0],
        send = function(bytes) {
            var kind = bytes.length > 262144 ? 'toolarge' : ref.mail_seal_kind(bytes);

            if (kind != 'certificate') {
                form.reset();
                $('#mail-seal-result').empty().append($('<div class="boxerror">').text(ref.get_label('mail_seal.' + (kind || 'nocertificate'))));
            }
            else {
                $('input[type=file], textarea', form).val('');
                form._certificate.value = btoa(bytes);
                form.submit();
            }
        };

    if (file) {
        var reader = new FileReader();
        reader.onload = function() { send(reader.result); };
        reader.readAsBinaryString(file.slice(0, 262145));
    }
    else {
        send(unescape(encodeURIComponent($('textarea', form).val())));
    }
};

// "secret", "certificate" or "", as in mail_seal_certificate.php
rcube_webmail.prototype.mail_seal_kind = function(bytes)
{
    var m, kinds = [], armor = /-----BEGIN [^-]+-----[ \t]*\r?\n(?:[\w-]+: .*\n)*([A-Za-z0-9+\/=\s]+?)(?:\n=\S{4}\s*)?-----END/g,
        decode = function(base64) {
            try { return atob(base64.replace(/\s/g, '')); } catch (e) { return ''; }
        };

    while (m = armor.exec(bytes)) {
        kinds.push(this.mail_seal_binary_kind(decode(m[1])));
    }
    if (!kinds.length) {
        kinds.push(this.mail_seal_binary_kind(/^[A-Za-z0-9+\/\s]+=*\s*$/.test(bytes) ? decode(bytes) : bytes));
    }

    if (/BEGIN[\w ]*(PRIVATE|SECRET)/i.test(bytes.replace(/\0/g, '')) || kinds.indexOf('secret') >= 0) {
        return 'secret';
    }

    return kinds.indexOf('certificate') >= 0 ? 'certificate' : '';
};

rcube_webmail.prototype.mail_seal_binary_kind = function(bytes)
{
    var i = 0, tags = [], tag, count, length, number = function(from, size) {
            for (var n = 0; size-- > 0; ) n = n * 256 + bytes.charCodeAt(from++);
            return n;
        },
        der = /^0(?:[\x00-\x7f]|\x81[^]|\x82[^]{2}|\x83[^]{3})(0(?:[\x00-\x7f]|\x81[^]|\x82[^]{2})[\x02\xa0]|\x06)?/.exec(bytes);

    if (der) {
        return der[1] ? 'certificate' : 'secret';
    }

    for (; number(i, 1) & 0x80; i += count + length) {
        tag = number(i++, 1);
        length = number(i, 1);
        if (tag & 0x40) {
            count = length < 192 ? 1 : (length < 255 ? 2 : 5);
            length = count == 1 ? length : (count == 2 ? number(i, 2) - 0xc000 + 192 : number(i + 1, 4));
        }
        else {
            count = [1, 2, 4, 0][tag & 3];
            length = count ? number(i, count) : bytes.length;
        }
        tags.push(tag & 0x40 ? tag & 0x3f : tag >> 2 & 15);
    }

    if (tags.indexOf(5) >= 0 || tags.indexOf(7) >= 0) {
        return 'secret';
    }

    return tags[0] == 6 ? 'certificate' : '';
};
