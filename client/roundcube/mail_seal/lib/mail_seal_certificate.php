<?php

/**
 * Certificates as bytes: OpenPGP (RFC 9580) and X.509
 */
class mail_seal_certificate
{
    // what the server takes at the most, bytes
    const SIZE_MAX = 262144;
    const ARMOR    = '~-----BEGIN [^-]+-----[ \t]*\r?\n(?:[\w-]+: .*\n)*([A-Za-z0-9+/=\s]+?)(?:\n=\S{4}\s*)?-----END~';

    /**
     * "secret", "certificate", or "" for anything else; mail_seal.js asks the same first
     */
    public static function kind($bytes)
    {
        $kinds = array_map([self::class, 'binary_kind'], self::binaries($bytes));

        if (preg_match('/BEGIN[\w ]*(PRIVATE|SECRET)/i', str_replace("\0", '', $bytes))) {
            return 'secret';
        }

        return in_array('secret', $kinds) ? 'secret' : (in_array('certificate', $kinds) ? 'certificate' : '');
    }

    /**
     * What stands in armor or PEM, or in base64 alone, or else the bytes themselves
     */
    private static function binaries($bytes)
    {
        if (preg_match_all(self::ARMOR, $bytes, $m)) {
            return array_map('base64_decode', $m[1]);
        }

        return [preg_match('~^[A-Za-z0-9+/\s]+=*\s*$~', $bytes) ? base64_decode($bytes) : $bytes];
    }

    private static function binary_kind($bytes)
    {
        // DER: a certificate begins with two SEQUENCEs and [0] or INTEGER, a bundle with one
        // and an OID; keys (PKCS #1, #8, #12) with one and INTEGER, or with two and an OID
        if (preg_match('/^\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)(\x30(?:[\x00-\x7f]|\x81.|\x82..)[\x02\xa0]|\x06)?/s', $bytes, $m)) {
            return isset($m[1]) ? 'certificate' : 'secret';
        }

        $tags = array_column(self::packets($bytes), 0);

        return array_intersect([5, 7], $tags) ? 'secret' : (($tags[0] ?? 0) == 6 ? 'certificate' : '');
    }

    private static function number($bytes)
    {
        return unpack('N', str_pad(substr($bytes, 0, 4), 4, "\0", STR_PAD_LEFT))[1];
    }

    /**
     * A length of one, two or five octets: what it says, and its own
     */
    private static function length($bytes)
    {
        $first = ord($bytes);

        return $first < 192 ? [$first, 1]
            : ($first < 255 ? [($first - 192 << 8) + ord(substr($bytes, 1)) + 192, 2] : [self::number(substr($bytes, 1)), 5]);
    }

    /**
     * OpenPGP packets, as far as they are some: tag and body
     */
    private static function packets($bytes)
    {
        for ($packets = []; ord($bytes) & 0x80; $bytes = (string) substr($bytes, $count + $length)) {
            $tag   = ord($bytes);
            $bytes = (string) substr($bytes, 1);

            if ($tag & 0x40) {
                list($length, $count) = self::length($bytes);
            }
            else {
                $count  = [1, 2, 4, 0][$tag & 3];
                $length = $count ? self::number(substr($bytes, 0, $count)) : strlen($bytes);
            }

            $packets[] = [$tag & 0x40 ? $tag & 0x3f : $tag >> 2 & 15, (string) substr($bytes, $count, $length)];
        }

        return $packets;
    }

    /**
     * For each certificate its "fingerprint", as mail_seal writes it, and when it "expires"
     * (Unix time, 0 for never)
     */
    public static function summary($text)
    {
        $result = [];

        foreach (self::binaries($text) as $bytes) {
            $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split(base64_encode($bytes), 64, "\n") . '-----END CERTIFICATE-----';

            if ($bytes !== '' && $bytes[0] === "\x30") {
                if ($info = @openssl_x509_parse($pem)) {
                    $result[] = ['fingerprint' => openssl_x509_fingerprint($pem, 'sha256'), 'expires' => $info['validTo_time_t']];
                }
                continue;
            }

            $keys = [];
            foreach (self::packets($bytes) as list($tag, $body)) {
                if ($tag == 6) {
                    $result[] = ['fingerprint' => ord($body) < 5 ? sha1("\x99" . pack('n', strlen($body)) . $body)
                        : hash('sha256', chr(0x95 + ord($body)) . pack('N', strlen($body)) . $body), 'expires' => 0];
                    $keys = [];
                }
                if ($tag == 6 || $tag == 14) {
                    $keys[] = ['made' => self::number(substr($body, 1)), 'signed' => 0, 'expires' => 0];
                }
                else if ($tag == 2 && $keys) {
                    $last = count($result) - 1;
                    $own  = hex2bin($result[$last]['fingerprint']);
                    self::signature($keys[count($keys) - 1], $body, substr($own, strlen($own) > 20 ? 0 : -8, 8));
                    $ends = array_column($keys, 'expires');
                    $main = array_shift($ends);
                    $ends = in_array(0, $ends) ? [] : $ends;
                    $ends = array_filter([$main, $ends ? max($ends) : 0]);
                    $result[$last]['expires'] = $ends ? min($ends) : 0;
                }
            }
        }

        return $result;
    }

    /**
     * Notes when the key expires, by the latest of the owner's signatures on it
     */
    private static function signature(&$key, $body, $id)
    {
        $start  = ord($body) > 4 ? 8 : 6;
        $hashed = (string) substr($body, $start, self::number(substr($body, 4, $start - 4)));
        $types  = [0x10, 0x11, 0x12, 0x13, 0x18, 0x1f];
        $found  = [];

        if (ord($body) < 4 || !in_array(ord(substr($body, 1)), $types) || strpos($body, $id) === false) {
            return;
        }
        while (strlen($hashed) > 1) {
            list($length, $count) = self::length($hashed);
            $found[ord(substr($hashed, $count)) & 0x7f] = substr($hashed, $count + 1, $length - 1);
            $hashed = (string) substr($hashed, $count + max(1, $length));
        }

        $signed  = self::number($found[2] ?? '');
        $seconds = self::number($found[9] ?? '');

        if ($signed >= $key['signed']) {
            $key = ['signed' => $signed, 'expires' => $seconds ? $key['made'] + $seconds : 0] + $key;
        }
    }
}
