<?php

/**
 * Messages as bytes: whether the server sealed one, and what is in it
 */
class mail_seal_message
{
    // what Roundcube alone can't show
    const CLOSED = '~^(multipart/encrypted|application/(x-)?pkcs7-mime)$~i';

    // the mark, and the Content-Type of a sealed message, as mail_seal writes them
    const MARK = '/^(From .*\r?\n)?X-Mail-Seal[ \t]*:\s*v=1;\s*keys=\w/i';
    const TYPE = '~^(multipart/encrypted;\s*protocol="application/pgp-encrypted";\s*boundary="'
        . '|application/pkcs7-mime;\s*smime-type=enveloped-data;\s*name="smime\.p7m")~';

    /**
     * Header fields in their order: name in lower case, value in one line, the field as it stands
     */
    public static function fields($header)
    {
        $fields = [];

        foreach (preg_split('/\r?\n(?![ \t])/', preg_split('/^\r?\n|\n\r?\n/', $header, 2)[0]) as $line) {
            if (preg_match('/^([!-9;-~]+)[ \t]*:(.*)$/s', $line, $m)) {
                $fields[] = [strtolower($m[1]), trim(preg_replace('/\r?\n/', '', $m[2])), rtrim($line)];
            }
        }

        return $fields;
    }

    /**
     * The mark counts only as the first field of the message, once, and on the Content-Type that
     * belongs to it: there no sender can write, because whoever receives a message adds fields above his.
     */
    public static function has_mark($header)
    {
        $fields = self::fields($header);
        $names  = array_count_values(array_column($fields, 0));
        $values = array_column($fields, 1, 0);

        return preg_match(self::MARK, $header) && ($names['x-mail-seal'] ?? 0) == 1
            && ($names['content-type'] ?? 0) == 1 && preg_match(self::TYPE, $values['content-type']);
    }

    /**
     * The same of the first bytes of a message and its type, which is enough for a list
     */
    public static function begins_sealed($header, $type)
    {
        return preg_match(self::MARK, $header) && preg_match(self::CLOSED, $type);
    }

    /**
     * Is this part encrypted? S/MIME also signs in this form.
     */
    public static function is_encrypted($part)
    {
        return !empty($part)
            && preg_match('~^(multipart/encrypted|application/(pgp(-encrypted)?|(x-)?pkcs7-mime))$~i', $part->mimetype)
            && !preg_match('/^(signed-data|certs-only)$/i', $part->ctype_parameters['smime-type'] ?? '');
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

        if (preg_match('~^(text|multipart|message)/~i', $part->mimetype)) {
            $text = $part->body . "\n" . html_entity_decode(strip_tags((string) $part->body), ENT_QUOTES | ENT_HTML5);
            if (preg_match('/-----\s*BEGIN\s+PGP\s+MESSAGE\s*-----/', $text) !== 0) {
                return true;
            }
        }

        return (bool) array_filter((array) $part->parts, [self::class, 'holds_encrypted']);
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
     * The armored ciphertext of a message that the server sealed
     */
    public static function armor($message)
    {
        // not by a regular expression, whose limits a large message is beyond
        $start = strpos($message, "\n-----BEGIN PGP MESSAGE-----");
        $end   = $start === false ? false : strpos($message, "\n-----END PGP MESSAGE-----", $start);

        return $end === false ? null : substr($message, $start + 1, $end + 25 - $start);
    }

    /**
     * The message as it came: the fields outside, but for those that were protected inside
     *
     * @param string $entity The MIME entity that was sealed in it
     */
    public static function opened($message, $entity)
    {
        list($header, $body) = preg_split('/^\r?\n|\n\r?\n/', $entity, 2) + ['', ''];
        $inner = self::fields($header);
        $names = array_merge(array_column($inner, 0), ['x-mail-seal']);
        $outer = array_filter(self::fields($message), function ($field) use ($names) {
            return !in_array($field[0], $names) && strpos($field[0], 'content-') !== 0;
        });

        foreach ($inner as $field) {
            if ($field[0] === 'content-type') {
                $field[2] = preg_replace('/;\s*(hp|protected-headers)="?\w+"?/i', '', $field[2]);
            }
            if ($field[0] !== 'hp-outer') {
                $outer[] = $field;
            }
        }

        return preg_replace('/\r?\n/', "\r\n", implode("\n", array_column($outer, 2)) . "\n\n" . $body);
    }
}
