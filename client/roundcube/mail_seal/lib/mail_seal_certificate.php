<?php

/**
 * Certificates as bytes: OpenPGP (RFC 9580) and X.509
 */
class mail_seal_certificate
{
    // what the server takes at the most, bytes
    const SIZE_MAX = 262144;

    /**
     * Is there a secret key in it? mail_seal.js asks the same, before anything is sent.
     */
    public static function is_secret($bytes)
    {
        $length = '(?:[\x00-\x80]|\x81.|\x82..|\x83...)';
        // PKCS #1, #8 and #12: a SEQUENCE of INTEGER, or of a SEQUENCE that begins with an OID
        $der = "/^\\x30$length(?:\\x02\\x01[\\x00-\\x03]|\\x30$length\\x06)/s";

        foreach (self::binaries($bytes) as $binary) {
            if (preg_match($der, $binary) || array_intersect([5, 7], array_column(self::packets($binary), 0))) {
                return true;
            }
        }

        return (bool) preg_match('/BEGIN[\w ]*(PRIVATE|SECRET)/i', str_replace("\0", '', $bytes));
    }

    /**
     * What stands in armor or PEM, or in base64 alone, or else the bytes themselves
     */
    private static function binaries($bytes)
    {
        if (preg_match_all('/-----BEGIN [^-]+-----(.*?)-----END/s', $bytes, $m)) {
            // without the lines of armor that are no base64
            return array_map('base64_decode', preg_replace('/^(.*:.*|=.{4}\s*)$/m', '', $m[1]));
        }

        return [preg_match('~^[A-Za-z0-9+/\s]+=*\s*$~', $bytes) ? base64_decode($bytes) : $bytes];
    }

    private static function number($bytes)
    {
        return unpack('N', str_pad($bytes, 4, "\0", STR_PAD_LEFT))[1];
    }

    /**
     * A length of one, two or five octets: what it says, and its own
     */
    private static function length($bytes, $i)
    {
        $first = ord($bytes[$i] ?? "\0");

        return $first < 192 ? [$first, 1]
            : ($first < 255 ? [max(0, self::number(substr($bytes, $i, 2)) - 0xc000 + 192), 2] : [self::number(substr($bytes, $i + 1, 4)), 5]);
    }

    /**
     * OpenPGP packets, as far as they are some: tag and body
     */
    private static function packets($bytes)
    {
        $packets = [];

        for ($i = 0; ord($bytes[$i] ?? "\0") & 0x80; $i += $count + $length) {
            $tag   = ord($bytes[$i++]);
            $count = [1, 2, 4, 0][$tag & 3];

            if ($tag & 0x40) {
                list($length, $count) = self::length($bytes, $i);
            }
            else {
                $length = $count ? self::number(substr($bytes, $i, $count)) : strlen($bytes);
            }

            $packets[] = [$tag & 0x40 ? $tag & 0x3f : $tag >> 2 & 15, (string) substr($bytes, $i + $count, $length)];
        }

        return $packets;
    }

    /**
     * For each certificate its "fingerprint", as mail_seal writes it, and when it "expires" (Unix time, 0 for never)
     */
    public static function summary($text)
    {
        $result = [];

        foreach (self::binaries($text) as $bytes) {
            $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split(base64_encode($bytes)) . '-----END CERTIFICATE-----';

            if (strpos($bytes, "\x30") === 0 && ($info = @openssl_x509_parse($pem))) {
                $result[] = ['fingerprint' => openssl_x509_fingerprint($pem, 'sha256'), 'expires' => $info['validTo_time_t']];
            }

            foreach (self::packets($bytes) as list($tag, $body)) {
                if ($tag == 6) {
                    $name = ord($body) < 5 ? sha1("\x99" . pack('n', strlen($body)) . $body)
                        : hash('sha256', chr(0x95 + ord($body)) . pack('N', strlen($body)) . $body);
                    $keys = [];
                }
                if ($tag == 6 || $tag == 14) {
                    $keys[] = ['made' => self::number(substr($body, 1, 4)), 'signed' => 0, 'expires' => 0];
                }
                else if ($tag == 2 && !empty($keys)) {
                    self::signature($keys[count($keys) - 1], $body, $name);
                    // with the primary key, or with the last of the others
                    $ends = array_map(function ($key) { return $key['expires'] ?: PHP_INT_MAX; }, $keys);
                    $main = array_shift($ends);
                    $end  = min($main, $ends ? max($ends) : $main);
                    $result[$name] = ['fingerprint' => $name, 'expires' => $end == PHP_INT_MAX ? 0 : $end];
                }
            }
        }

        return $result;
    }

    /**
     * Notes when the key expires, by the latest of the owner's own signatures on it
     */
    private static function signature(&$key, $body, $name)
    {
        $version = ord($body);
        $hashed  = substr($body, $version > 4 ? 8 : 6, self::number(substr($body, 4, $version > 4 ? 4 : 2)));
        $id      = hex2bin(substr($name, $version > 4 ? 0 : -16, 16));
        $found   = [];

        for ($i = 0; isset($hashed[$i + 1]); $i += $count + max(1, $length)) {
            list($length, $count) = self::length($hashed, $i);
            $found[ord($hashed[$i + $count] ?? "\0") & 0x7f] = self::number(substr($hashed, $i + $count + 1, 4));
        }

        // of a user ID, a subkey or the key itself (RFC 9580, section 5.2.1)
        if (preg_match('/^[\x04-\x06][\x10-\x13\x18\x1f]/', $body) && strpos($body, $id) !== false && ($found[2] ?? 0) >= $key['signed']) {
            $key['signed']  = $found[2] ?? 0;
            $key['expires'] = empty($found[9]) ? 0 : $key['made'] + $found[9];
        }
    }
}
