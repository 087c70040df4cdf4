/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "base64.h"

#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#  include <tmmintrin.h>
#endif

static const char alphabet[64] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Two characters for each 12 bits */
static char pairs[4096][2];

bool base64_may_shuffle = true;
/* and this processor has SSSE3 */
static bool can_shuffle;

void base64_init(struct base64_writer *writer, size_t line_length)
{
	for (size_t i = 0; pairs[4095][0] == '\0' && i < 4096; i++) {
		pairs[i][0] = alphabet[i >> 6];
		pairs[i][1] = alphabet[i & 63];
	}
#ifdef __x86_64__
	can_shuffle = base64_may_shuffle && __builtin_cpu_supports("ssse3");
#endif
	writer->line = line_length / 4 * 3;
	writer->group_size = 0;
}

/* 6 bytes, of which 8 can be read */
static inline void encode_6(const uint8_t *data, char *out)
{
	uint64_t bits;

	memcpy(&bits, data, sizeof(bits));
	bits = GUINT64_FROM_BE(bits);
	memcpy(out, pairs[bits >> 52], 2);
	memcpy(out + 2, pairs[bits >> 40 & 4095], 2);
	memcpy(out + 4, pairs[bits >> 28 & 4095], 2);
	memcpy(out + 6, pairs[bits >> 16 & 4095], 2);
}

static inline void encode_3(const uint8_t *data, char *out)
{
	const uint32_t bits = data[0] << 16 | data[1] << 8 | data[2];

	memcpy(out, pairs[bits >> 12], 2);
	memcpy(out + 2, pairs[bits & 4095], 2);
}

#ifdef __x86_64__
/* 12 bytes at a time, as long as there are 16 to be read: W. Mula, D. Lemire,
   "Faster Base64 Encoding and Decoding Using AVX2 Instructions", arXiv
   1704.00605, section 3. Returns how many bytes. */
__attribute__((target("ssse3")))
static size_t
encode_shuffling(const uint8_t *data, size_t size, size_t readable, char *out)
{
	/* each 3 bytes become 4, the middle one twice */
	const __m128i spread = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8,
					     7, 10, 9, 11, 10);
	/* from six bits to their character: by range a-z, ten times 0-9, +, /
	   and A-Z */
	const __m128i offsets = _mm_setr_epi8(
		'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
		'0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62,
		'/' - 63, 'A', 0, 0);
	size_t done = 0;

	for (; size - done >= 12 && readable - done >= 16; done += 12) {
		const __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128(
			(const __m128i *)(data + done)), spread);
		/* multiplying shifts two of four to the right, and two to the
		   left */
		const __m128i sixes = _mm_or_si128(
			_mm_mulhi_epu16(_mm_and_si128(bytes,
						_mm_set1_epi32(0x0fc0fc00)),
					_mm_set1_epi32(0x04000040)),
			_mm_mullo_epi16(_mm_and_si128(bytes,
						_mm_set1_epi32(0x003f03f0)),
					_mm_set1_epi32(0x01000010)));
		const __m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), sixes);
		const __m128i range = _mm_or_si128(
			_mm_subs_epu8(sixes, _mm_set1_epi8(51)),
			_mm_and_si128(upper, _mm_set1_epi8(13)));

		_mm_storeu_si128((__m128i *)(out + done / 3 * 4), _mm_add_epi8(
			_mm_shuffle_epi8(offsets, range), sixes));
	}
	return done;
}
#else
static size_t
encode_shuffling(const uint8_t *data G_GNUC_UNUSED, size_t size G_GNUC_UNUSED,
		 size_t readable G_GNUC_UNUSED, char *out G_GNUC_UNUSED)
{
	return 0;
}
#endif

/* size is a multiple of 3; readable bytes can be read. Returns what is behind
   the last character. */
static char *
encode(const uint8_t *data, size_t size, size_t readable, char *out)
{
	if (can_shuffle) {
		size_t done = encode_shuffling(data, size, readable, out);

		data += done;
		size -= done;
		out += done / 3 * 4;
	}
	for (; size >= 8; size -= 6, data += 6, out += 8)
		encode_6(data, out);
	for (; size > 0; size -= 3, data += 3, out += 4)
		encode_3(data, out);
	return out;
}

static char *
encode_line(const uint8_t *data, size_t size, size_t readable, char *out)
{
	out = encode(data, size, readable, out);
	memcpy(out, "\r\n", 2);
	return out + 2;
}

void base64_write(struct base64_writer *writer, const uint8_t *data,
		  size_t size, GString *out)
{
	const size_t lines = (writer->group_size + size) / writer->line;
	const size_t start = out->len;
	size_t take;
	char *next;

	g_string_set_size(out, start + lines * (writer->line / 3 * 4 + 2));
	next = out->str + start;
	if (lines > 0 && writer->group_size > 0) {
		take = writer->line - writer->group_size;
		memcpy(writer->group + writer->group_size, data, take);
		next = encode_line(writer->group, writer->line,
				   sizeof(writer->group), next);
		writer->group_size = 0;
		data += take;
		size -= take;
	}
	for (; size >= writer->line; size -= writer->line) {
		next = encode_line(data, writer->line, size, next);
		data += writer->line;
	}
	if (size > 0)
		memcpy(writer->group + writer->group_size, data, size);
	writer->group_size += size;
}

void base64_end(struct base64_writer *writer, GString *out)
{
	const size_t whole = writer->group_size / 3 * 3;
	const size_t rest = writer->group_size - whole;
	char line[BASE64_LINE_MAX / 3 * 4], *end;

	if (writer->group_size == 0)
		return;
	end = encode(writer->group, whole, sizeof(writer->group), line);
	if (rest > 0) {
		const uint8_t last[3] = {
			writer->group[whole],
			rest > 1 ? writer->group[whole + 1] : 0, 0
		};

		encode_3(last, end);
		memset(end + 1 + rest, '=', 3 - rest);
		end += 4;
	}
	g_string_append_len(out, line, end - line);
	g_string_append(out, "\r\n");
	writer->group_size = 0;
}
