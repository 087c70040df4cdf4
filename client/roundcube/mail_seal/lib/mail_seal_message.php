<?php

/**
 * Messages as bytes: whether the server sealed one, and what is in it
 */
class mail_seal_message
{
    // what Roundcube alone can't show
    const CLOSED = '~^(multipart/encrypted|application/(x-)?pkcs7-mime)$~i';

    const ENCRYPTED = '~^(multipart/encrypted|application/(pgp(-encrypted)?|(x-)?pkcs7-mime))$~i';

    // the mark as mail_seal writes it, and the Content-Type of a sealed message
    const MARK = '/^(From .*\r?\n)?X-Mail-Seal[ \t]*:\s*v=1;\s*keys=\w/i';
    const TYPE = '~^Content-Type[ \t]*:\s*(multipart/encrypted;\s*protocol="application/pgp-encrypted";\s*boundary="'
        . '|application/pkcs7-mime;\s*smime-type=enveloped-data;\s*name="smime\.p7m")~mi';

    /**
     * The mark counts only as the first field of the message, once, and on the Content-Type that
     * belongs to it: there no sender can write, because whoever receives a message adds fields above his.
     */
    public static function has_mark($message)
    {
        list($header) = self::split($message);

        return preg_match(self::MARK, $header) && preg_match(self::TYPE, $header)
            && preg_match_all('/^(X-Mail-Seal|Content-Type)[ \t]*:/mi', $header) == 2;
    }

    /**
     * The same of the first bytes and the type, which is enough for a list
     */
    public static function begins_sealed($message, $type)
    {
        return preg_match(self::MARK, $message) && preg_match(self::CLOSED, $type);
    }

    /**
     * Header section and body
     */
    private static function split($message)
    {
        return preg_split('/^\r?\n|(?<=\n)\r?\n/', $message, 2) + ['', ''];
    }

    /**
     * Is this part encrypted? S/MIME also signs in this form.
     */
    public static function is_encrypted($part)
    {
        // Roundcube's own parser leaves this parameter out
        $type = implode(' ', (array) ($part->headers['content-type'] ?? '')) . ' smime-type=' . ($part->ctype_parameters['smime-type'] ?? '');

        return !empty($part) && preg_match(self::ENCRYPTED, $part->mimetype) && !preg_match('/smime-type\s*=\s*"?(signed-data|certs-only)/i', $type);
    }

    /**
     * Would nothing of this part be in an editor? Something signed is, as an attachment.
     */
    public static function is_opaque($part, $type)
    {
        return preg_match(self::CLOSED, $type)
            && (self::is_encrypted($part) || (empty($part->filename) && ($part->disposition ?? '') != 'attachment'));
    }

    /**
     * Is something encrypted in what was sealed, which the sender encrypted? If that isn't known: yes.
     *
     * @param rcube_message_part|false $part As rcube_mime::parse_message() gives it
     */
    public static function holds_encrypted($part)
    {
        if (empty($part) || self::is_encrypted($part)) {
            return true;
        }

        if (array_filter((array) $part->parts, [self::class, 'holds_encrypted'])) {
            return true;
        }

        return preg_match('~^(text|multipart|message)/~i', $part->mimetype) && preg_match(
            '/-----\s*BEGIN\s+PGP\s+MESSAGE\s*-----/',
            $part->body . "\n" . html_entity_decode(strip_tags((string) $part->body), ENT_QUOTES | ENT_HTML5)
        ) !== 0;
    }

    /**
     * The same of a MIME entity. enigma looks for armor before it decodes anything.
     */
    public static function entity_holds_encrypted($entity)
    {
        // without CRLF, Roundcube's parser finds no header
        return strpos($entity, '-----BEGIN PGP MESSAGE-----') !== false
            || self::holds_encrypted(rcube_mime::parse_message(preg_replace('/\r?\n/', "\r\n", $entity)));
    }

    /**
     * The message without what is encrypted in it. Not by a regular expression: a large one is beyond its limits.
     *
     * @param string $armor Set to the ciphertext, or '' if there is none
     */
    public static function cut_armor($text, &$armor = '')
    {
        $start = strpos($text, '-----BEGIN PGP MESSAGE-----');
        $end   = $start === false ? false : strpos($text, $tail = '-----END PGP MESSAGE-----', $start);
        $armor = $end === false ? '' : substr($text, $start, $end + strlen($tail) - $start);

        return $end === false ? $text : substr_replace($text, '', $start, strlen($armor));
    }

    /**
     * The message as it came: the fields outside, but for those that were protected inside
     *
     * @param string $entity The MIME entity that was sealed in it
     */
    public static function opened($message, $entity)
    {
        list($outer)        = self::split($message);
        list($inner, $body) = self::split($entity);
        preg_match_all('/^([\w-]+)[ \t]*:/m', $inner, $m);

        $names = implode('|', array_merge($m[1], ['X-Mail-Seal', 'Content-[\w-]+']));
        // possessive: a field may have any number of lines
        $field = '[ \t]*:.*+(?:\n[ \t].*+)*+(?:\n|$)';
        $outer = preg_replace("/^(?:$names)$field/mi", '', $outer) ?? $outer;
        $inner = preg_replace("/^HP-Outer$field/mi", '', $inner) ?? $inner;
        $inner = preg_replace('/^(Content-Type:[^\n]*(?:\n[ \t][^\n]*)*?);\s*(hp|protected-headers)="?\w+"?/mi', '$1', $inner) ?? $inner;

        return preg_replace('/\r?\n/', "\r\n", "$outer$inner\n$body");
    }
}
