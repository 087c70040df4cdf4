<?php

/**
 * Messages as bytes: whether the server sealed one, and what is in it.
 * These are decisions only: nothing here asks a server or a session.
 */
class mail_seal_message
{
    // The Content-Type of a sealed message, as mail_seal writes it
    const TYPE = '~^(multipart/encrypted;\s*protocol="application/pgp-encrypted";\s*boundary="'
        . '|application/pkcs7-mime;\s*smime-type=enveloped-data;\s*name="smime\.p7m")~';
    const MARK  = '/^v=1;\s*keys=\w/';
    const ARMOR = '/-----\s*BEGIN\s+PGP\s+MESSAGE\s*-----/';

    const ENCRYPTED_TYPES = ['multipart/encrypted', 'application/pgp-encrypted',
        'application/pkcs7-mime', 'application/x-pkcs7-mime'];

    /**
     * Header fields in their order: name in lower case, value in one line, and as it stands
     */
    public static function fields($header)
    {
        $fields = [];

        foreach (preg_split('/\r?\n(?![ \t])/', $header) as $line) {
            if ($line === '') {
                break;
            }
            if (preg_match('/^([!-9;-~]+)[ \t]*:(.*)$/s', $line, $m)) {
                $fields[] = [strtolower($m[1]), trim(preg_replace('/\r?\n/', '', $m[2])), $line];
            }
        }

        return $fields;
    }

    /**
     * The mark counts only as the first field of the message, once, and on the
     * Content-Type that belongs to it: there no sender can write, because whoever
     * receives a message adds fields above his.
     */
    public static function has_mark($header)
    {
        $fields = self::fields($header);
        $values = function ($name) use ($fields) {
            return array_column(array_filter($fields, function ($field) use ($name) {
                return $field[0] === $name;
            }), 1);
        };

        $marks = $values('x-mail-seal');
        $types = $values('content-type');

        return !empty($fields) && $fields[0][0] === 'x-mail-seal'
            && count($marks) == 1 && preg_match(self::MARK, $marks[0])
            && count($types) == 1 && preg_match(self::TYPE, $types[0]);
    }

    /**
     * Is something encrypted in what was sealed, which the sender encrypted?
     * Where that can't be known the answer is yes.
     *
     * @param rcube_message_part|false $part What rcube_mime::parse_message() makes of it
     */
    public static function holds_encrypted($part)
    {
        if (empty($part) || in_array(strtolower($part->mimetype), self::ENCRYPTED_TYPES)) {
            return true;
        }

        $body = (string) $part->body;

        if (preg_match('~^(text|multipart|message)/~i', $part->mimetype)) {
            $text = html_entity_decode(strip_tags($body), ENT_QUOTES | ENT_HTML5);
            if (preg_match(self::ARMOR, $body) || preg_match(self::ARMOR, $text)) {
                return true;
            }
        }

        return (bool) array_filter((array) $part->parts, [self::class, 'holds_encrypted']);
    }

    /**
     * The armored ciphertext of a message that the server sealed
     */
    public static function armor($message)
    {
        $pattern = '/^-----BEGIN PGP MESSAGE-----.*?^-----END PGP MESSAGE-----/ms';

        return preg_match($pattern, $message, $m) ? $m[0] : null;
    }

    /**
     * The message as it came, from a sealed one and the MIME entity in it: fields that
     * were protected take the place of those outside.
     */
    public static function opened($message, $entity)
    {
        $entity = preg_replace('/\r?\n/', "\r\n", $entity);
        list($header, $body) = explode("\r\n\r\n", "$entity\r\n\r\n", 2);
        $inner  = self::fields($header);
        $names  = array_column($inner, 0);
        $result = '';

        foreach (self::fields($message) as $field) {
            if ($field[0] !== 'x-mail-seal' && strpos($field[0], 'content-') !== 0
                && !in_array($field[0], $names)
            ) {
                $result .= $field[2] . "\r\n";
            }
        }
        foreach ($inner as $field) {
            if ($field[0] === 'content-type') {
                $field[2] = preg_replace('/;\s*(hp|protected-headers)="?\w+"?/i', '', $field[2]);
            }
            if ($field[0] !== 'hp-outer') {
                $result .= $field[2] . "\r\n";
            }
        }

        return preg_replace('/\r?\n/', "\r\n", $result) . "\r\n" . substr($body, 0, -4);
    }
}
