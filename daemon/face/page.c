/* HTML of the answer page. Pure. Whatever comes from a configuration or a person is escaped here and
 * nowhere else; an answer's own words are never shown again. */
#include "face/page.h"

#include "base/str.h"

#include <sodium.h>

static const char style[] =
	":root{color-scheme:light dark;--ink:#22201c;--soft:#6a645a;--paper:#faf8f4;--card:#fff;"
	"--line:#d9d3c7;--good:#2f6b4f;--on:#fff}"
	"@media(prefers-color-scheme:dark){:root{--ink:#ece7de;--soft:#aba395;--paper:#1b1a18;"
	"--card:#262421;--line:#454039;--good:#7fc4a0;--on:#10231a}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--paper);color:var(--ink);"
	"font:1.0625rem/1.55 system-ui,sans-serif}"
	"main{max-width:36rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}"
	"h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}"
	"h2{font-size:1.0625rem;margin:0 0 .75rem}"
	".text{white-space:pre-line;overflow-wrap:anywhere}"
	".notice{border-left:.25rem solid var(--good);padding:.6rem .9rem;margin:0 0 1.25rem;"
	"background:var(--card)}"
	"form{margin-top:1.75rem;padding:1.1rem;background:var(--card);border:1px solid "
	"var(--line);"
	"border-radius:.75rem}"
	"label{display:block;margin:.9rem 0 .3rem;color:var(--soft)}"
	"input,select,button{font:inherit;min-height:2.9rem;border-radius:.5rem;color:var(--ink);"
	"border:1px solid var(--line);background:var(--paper);padding:.4rem .8rem}"
	"input{width:100%}"
	"button{cursor:pointer}"
	".row{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:.9rem}"
	".row>*{flex:1 1 8rem}"
	".main{background:var(--good);border-color:var(--good);color:var(--on);font-weight:600}"
	":focus-visible{outline:.2rem solid var(--good);outline-offset:.15rem}"
	"hr{border:0;border-top:1px solid var(--line);margin:1.2rem 0 0}"
	"footer{margin-top:1.5rem;color:var(--soft);font-size:.9rem}";

static const struct {
	const char *span, *label;
} snoozes[] = {{"30min", "30 minutes"}, {"1h", "1 hour"}, {"3h", "3 hours"}, {"1d", "1 day"},
	{"3d", "3 days"}, {"1w", "1 week"}};

static void add_escaped(struct buf *out, const char *text)
{
	for (; text && *text; text++)
		switch (*text) {
		case '&':
			buf_add_str(out, "&amp;");
			break;
		case '<':
			buf_add_str(out, "&lt;");
			break;
		case '>':
			buf_add_str(out, "&gt;");
			break;
		case '"':
			buf_add_str(out, "&quot;");
			break;
		case '\'':
			buf_add_str(out, "&#39;");
			break;
		default:
			buf_add_char(out, *text);
		}
}

static void add_button(struct buf *out, const char *answer, const char *label)
{
	buf_printf(out, "<button%s name=\"answer\" value=\"%s\">%s</button>\n",
		str_eq(answer, "done") ? " class=\"main\"" : "", answer, label);
}

/* Buttons are what is sent: the answer is never in the link, so that a mail scanner that opens every
 * link answers nothing. */
static void add_form(struct buf *out)
{
	buf_add_str(out,
		"<form method=\"post\">\n<h2>How did it go?</h2>\n"
		"<label for=\"text\">A line about it, if you like (only for you)</label>\n"
		"<input id=\"text\" name=\"text\" maxlength=\"500\" autocomplete=\"off\">\n"
		"<div class=\"row\">\n");
	add_button(out, "done", "Done");
	add_button(out, "stuck", "I got stuck");
	buf_add_str(out, "</div>\n<label for=\"for\">Not now? Ask me again in</label>\n"
			 "<div class=\"row\">\n<select id=\"for\" name=\"for\">\n");
	for (size_t i = 0; i < ARRAY_LEN(snoozes); i++)
		buf_printf(out, "<option value=\"%s\"%s>%s</option>\n", snoozes[i].span,
			str_eq(snoozes[i].span, "1h") ? " selected" : "", snoozes[i].label);
	buf_add_str(out, "</select>\n");
	add_button(out, "snooze", "Ask me later");
	buf_add_str(out, "</div>\n<hr>\n<div class=\"row\">\n");
	add_button(out, "skip", "Skip once");
	add_button(out, "less", "Less often");
	add_button(out, "stop", "Stop these");
	buf_add_str(out, "</div>\n</form>\n");
}

static void add_occurrence(struct buf *out, const struct occurrence *occurrence, bool fresh)
{
	buf_add_str(out, "<p class=\"text\">");
	add_escaped(out, occurrence->text);
	buf_add_str(out, "</p>\n");
	if (!fresh && occurrence->answer != ANSWER_NONE)
		buf_printf(out,
			"<p class=\"notice\">You answered: %s. You can still change it.</p>\n",
			answer_names[occurrence->answer]);
	add_form(out);
	buf_add_str(out, "<footer>This page changes nothing until you press a button.</footer>\n");
}

void page_write(struct buf *out, const struct page *page)
{
	buf_add_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
			 "<meta name=\"robots\" content=\"noindex\">\n<title>");
	add_escaped(out, page->heading);
	buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	if (page->notice) {
		buf_add_str(out, "<p class=\"notice\" role=\"status\">");
		add_escaped(out, page->notice);
		buf_add_str(out, "</p>\n");
	}
	buf_add_str(out, "<h1>");
	add_escaped(out, page->heading);
	buf_add_str(out, "</h1>\n");
	if (page->occurrence)
		add_occurrence(out, page->occurrence, page->notice != NULL);
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}

char *page_thanks(enum answer answer, const char *span)
{
	static const char *const thanks[ANSWERS] = {
		[ANSWER_DONE] = "Recorded as done. Thank you.",
		[ANSWER_STUCK] =
			"Recorded as stuck. That is practice too: thank you for saying so.",
		[ANSWER_SKIP] = "Skipped, this one only. The next comes as planned.",
		[ANSWER_LESS] = "Recorded: this comes less often from now on.",
		[ANSWER_STOP] = "Recorded: this will not come any more.",
	};

	if (answer == ANSWER_SNOOZE)
		return str_printf("Recorded: you will be asked again in %s.", span);
	assert(answer < ANSWERS && thanks[answer]);
	return str_printf("%s You can change your mind below.", thanks[answer]);
}

char *page_style_hash(void)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];

	crypto_hash_sha256(hash, (const unsigned char *)style, strlen(style));
	sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	return str_printf("sha256-%s", text);
}
