/* HTML of the answer page: each thing that is asked, with its form. Pure. Whatever comes from a configuration or a person is escaped here and
 * nowhere else; an answer's own words are never shown again. */
#include "face/page.h"

#include "base/str.h"
#include "face/page_parts.h"

#include <sodium.h>
#include <stdio.h>

static const char style[] =
	":root{color-scheme:light dark;--ink:#22201c;--soft:#6a645a;--paper:#faf8f4;--card:#fff;"
	"--line:#d9d3c7;--edge:#857d6f;--good:#2f6b4f;--on:#fff;--bad:#a3261f;"
	"--blue:#2b5f9e;--amber:#9a5a00;--mid:#86b59c;--pale:#e2bd84}"
	"@media(prefers-color-scheme:dark){:root{--ink:#ece7de;--soft:#aba395;--paper:#1b1a18;"
	"--card:#262421;--line:#454039;--edge:#8a8272;--good:#7fc4a0;--on:#10231a;--bad:#f19a92;"
	"--blue:#8db8ee;--amber:#e0a95a;--mid:#4b8468;--pale:#7d6239}}"
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
	"border:1px solid var(--edge);background:var(--paper);padding:.4rem .8rem}"
	"input,select{width:100%}"
	"[type=date]{min-width:11rem}"
	"button{cursor:pointer}"
	".row{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:.9rem}"
	".row>*{flex:1 1 8rem;min-width:0}"
	".main{background:var(--good);border-color:var(--good);color:var(--on);font-weight:600}"
	":focus-visible{outline:.2rem solid var(--good);outline-offset:.15rem}"
	"hr{border:0;border-top:1px solid var(--line);margin:1.2rem 0 0}"
	"main.wide{max-width:64rem}"
	"section{margin-top:2.25rem}"
	"section>h2{font-size:1.25rem;margin:0 0 .75rem}"
	"h3{font-size:1rem;margin:1rem 0 .25rem}"
	"small{color:var(--soft);font-size:.875rem;font-weight:400}"
	"a{color:var(--good)}"
	"nav{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem}"
	"nav a{padding:.35rem 0}"
	"section form{margin-top:.75rem}"
	"[type=hidden]+label{margin-top:0}"
	".plain{list-style:none;margin:0;padding:0}"
	".plain li{padding:.3rem 0;overflow-wrap:anywhere}"
	".card{margin-top:.75rem;padding:0 1.1rem;background:var(--card);border:1px solid "
	"var(--line);border-radius:.75rem}"
	".card summary{padding:.9rem 0;cursor:pointer;font-weight:600;overflow-wrap:anywhere}"
	".card .text{margin:0 0 .75rem}"
	".card form{margin:0 0 1.1rem;padding:0;border:0}"
	".bad{color:var(--bad)}"
	".notice.bad{border-color:var(--bad)}"
	".scroll{overflow-x:auto}"
	"table{border-collapse:collapse;width:100%;font-size:.9375rem}"
	"th,td{text-align:left;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);"
	"vertical-align:top}"
	"th[scope=col]{color:var(--soft);font-weight:400}"
	"svg{display:block;width:100%;height:auto;overflow:visible}"
	"svg text{fill:var(--soft);font-size:14px}"
	".axis{stroke:var(--edge);fill:none}"
	"rect.b1{fill:var(--amber)}rect.b2{fill:var(--good)}rect.b3{fill:var(--blue)}"
	".curve{fill:none;stroke:var(--good);stroke-width:3}"
	".here{fill:var(--good)}"
	".map{max-width:24rem;margin-top:1rem}.map text{font-size:11px}"
	"rect.h0{fill:var(--line)}rect.h1{fill:var(--pale)}"
	"rect.h2{fill:var(--mid)}rect.h3{fill:var(--good)}"
	".legend span{border-left:.8rem solid;padding-left:.4rem;margin-right:1rem}"
	"span.b1{border-color:var(--amber)}span.b2{border-color:var(--good)}"
	"span.b3{border-color:var(--blue)}"
	"span.h1{border-color:var(--pale)}span.h2{border-color:var(--mid)}"
	"span.h3{border-color:var(--good)}"
	"footer{margin-top:1.5rem;color:var(--soft);font-size:.9rem}";

static const struct {
	const char *span, *label;
} snoozes[] = {{"30min", "30 minutes"}, {"1h", "1 hour"}, {"3h", "3 hours"}, {"1d", "1 day"},
	{"3d", "3 days"}, {"1w", "1 week"}};

void page_escape(struct buf *out, const char *text)
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

static void add_snooze(struct buf *out, const char *suffix)
{
	buf_printf(out,
		"<label for=\"for%s\">Not now? Ask me again in</label>\n"
		"<div class=\"row\">\n<select id=\"for%s\" name=\"for\">\n",
		suffix, suffix);
	for (size_t i = 0; i < ARRAY_LEN(snoozes); i++)
		buf_printf(out, "<option value=\"%s\"%s>%s</option>\n", snoozes[i].span,
			str_eq(snoozes[i].span, "1h") ? " selected" : "", snoozes[i].label);
	buf_add_str(out, "</select>\n");
	add_button(out, "snooze", "Ask me later");
	buf_add_str(out, "</div>\n");
}

static void add_readers(
	struct buf *out, const struct readers *readers, enum share chosen, const char *suffix)
{
	buf_printf(out,
		"<label for=\"share%s\">Who may see that line?</label>\n"
		"<select id=\"share%s\" name=\"share\">\n",
		suffix, suffix);
	for (int i = 0; i < SHARES; i++) {
		if (!readers->names[i])
			continue;
		buf_printf(out, "<option value=\"%s\"%s>", share_names[i],
			i == (int)chosen ? " selected" : "");
		page_escape(out, readers->names[i]);
		buf_add_str(out, "</option>\n");
	}
	buf_add_str(out, "</select>\n");
}

/* Whom the form names first: as it was chosen before, while there is still somebody to choose. */
static enum share chosen_share(const struct occurrence *occurrence, const struct readers *readers)
{
	if (!occurrence->answer_text)
		return readers->usual;
	return readers->names[occurrence->share] ? occurrence->share : SHARE_ME;
}

/* The line, and who may see it. The words of an earlier line are never shown again. */
static void add_line(struct buf *out, const struct occurrence *occurrence,
	const struct readers *readers, const char *suffix)
{
	buf_printf(out, "<label for=\"text%s\">%s, if you like%s</label>\n", suffix,
		occurrence->answer_text ? "Another line in place of yours" : "A line about it",
		readers->any ? "" : " (only for you)");
	buf_printf(out,
		"<input id=\"text%s\" name=\"text\" maxlength=\"500\" autocomplete=\"off\">\n",
		suffix);
	if (readers->any)
		add_readers(out, readers, chosen_share(occurrence, readers), suffix);
}

/* Buttons are what is sent: the answer is never in the link, so that a mail scanner that opens every
 * link answers nothing. */
void page_add_answers(struct buf *out, const struct occurrence *occurrence,
	const struct readers *readers, const char *suffix)
{
	add_line(out, occurrence, readers, suffix);
	buf_add_str(out, "<div class=\"row\">\n");
	add_button(out, "done", "Done");
	add_button(out, "stuck", "I got stuck");
	buf_add_str(out, "</div>\n");
	add_snooze(out, suffix);
	buf_add_str(out, "<hr>\n<div class=\"row\">\n");
	add_button(out, "skip", "Skip once");
	add_button(out, "less", "Less often");
	add_button(out, "stop", "Stop these");
	buf_add_str(out, "</div>\n");
}

/* What was answered before; of a line, only who may see it. */
static void add_answered(
	struct buf *out, const struct occurrence *occurrence, const struct readers *readers)
{
	const char *reader =
		occurrence->share == SHARE_ME ? NULL : readers->names[occurrence->share];

	if (occurrence->answer == ANSWER_NONE)
		return;
	buf_printf(out, "<p class=\"notice\">You answered: %s", answer_names[occurrence->answer]);
	if (occurrence->answer_text && !reader)
		buf_add_str(out, ", with a line for you alone");
	if (occurrence->answer_text && reader) {
		buf_add_str(out, ", with a line for you and: ");
		page_escape(out, reader);
	}
	buf_add_str(out, ". You can still change it.</p>\n");
}

static void add_item(struct buf *out, const struct page *page, size_t n)
{
	const struct page_item *item = &page->items[n];
	const char *heading = page->n_items > 1 ? "h3" : "h2";
	char suffix[24];

	snprintf(suffix, sizeof(suffix), "-%zu", n + 1);
	if (page->n_items > 1) {
		buf_add_str(out, "<section>\n<h2>");
		page_escape(out, page_title(item->occurrence));
		buf_add_str(out, "</h2>\n");
	}
	buf_add_str(out, "<p class=\"text\">");
	page_escape(out, item->occurrence->text);
	buf_add_str(out, "</p>\n");
	/* The notice has just said it of the first one. */
	if (n || !page->notice)
		add_answered(out, item->occurrence, page->readers);
	buf_printf(out, "<form method=\"post\" action=\"%s\">\n<%s>How did it go?</%s>\n",
		item->token, heading, heading);
	page_add_answers(out, item->occurrence, page->readers, suffix);
	buf_printf(out, "</form>\n%s", page->n_items > 1 ? "</section>\n" : "");
}

const char *page_title(const struct occurrence *occurrence)
{
	return str_empty(occurrence->title) ? "Your practice" : occurrence->title;
}

void page_begin(struct buf *out, const struct page_frame *frame)
{
	buf_add_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
			 "<meta name=\"robots\" content=\"noindex\">\n<title>");
	page_escape(out, frame->heading);
	buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main%s>\n", style,
		frame->wide ? " class=\"wide\"" : "");
	if (frame->notice) {
		buf_add_str(out, "<p class=\"notice\" role=\"status\">");
		page_escape(out, frame->notice);
		buf_add_str(out, "</p>\n");
	}
	buf_add_str(out, "<h1>");
	page_escape(out, frame->heading);
	buf_add_str(out, "</h1>\n");
}

void page_end(struct buf *out)
{
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}

void page_write(struct buf *out, const struct page *page)
{
	const struct page_frame frame = {.heading = page->heading, .notice = page->notice};

	page_begin(out, &frame);
	for (size_t i = 0; i < page->n_items; i++)
		add_item(out, page, i);
	/* This page gets forwarded: what it offers goes to the person themselves. */
	if (page->offers_link)
		buf_printf(out,
			"<form method=\"post\" action=\"%s\">\n"
			"<input type=\"hidden\" name=\"do\" value=\"link\">\n"
			"<button>Send me the link to my practice page</button>\n</form>\n",
			page->items[0].token);
	if (page->n_items)
		buf_add_str(out,
			"<footer>This page changes nothing until you press a button.</footer>\n");
	page_end(out);
}

char *page_thanks(const char *title, enum answer answer, const char *span)
{
	static const char *const thanks[ANSWERS] = {
		[ANSWER_DONE] = "Recorded as done. Thank you.",
		[ANSWER_STUCK] =
			"Recorded as stuck. That is practice too: thank you for saying so.",
		[ANSWER_SKIP] = "Skipped, this one only. The next comes as planned.",
		[ANSWER_LESS] = "Recorded: this comes less often from now on.",
		[ANSWER_STOP] = "Recorded: this will not come any more.",
	};

	const char *before = title ? title : "", *colon = title ? ": " : "";

	if (answer == ANSWER_SNOOZE)
		return str_printf(
			"%s%sRecorded: you will be asked again in %s.", before, colon, span);
	assert(answer < ANSWERS && thanks[answer]);
	return str_printf("%s%s%s You can change your mind below.", before, colon, thanks[answer]);
}

static char *style_hash(void)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];

	crypto_hash_sha256(hash, (const unsigned char *)style, strlen(style));
	sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	return str_printf("sha256-%s", text);
}

char *page_headers(void)
{
	auto_free char *hash = style_hash();

	return str_printf("Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
			  "X-Robots-Tag: noindex\r\nX-Content-Type-Options: nosniff\r\n"
			  "Content-Security-Policy: default-src 'none'; style-src '%s'; "
			  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n",
		hash);
}
