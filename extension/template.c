/*-------------------------------------------------------------------------
 *
 * template.c
 *		The prescribed forms: filling a template with facts, and amounts in
 *		capital figures.
 *
 * A template is text with places in double braces:
 *
 *	{{name}}			the value of a fact, always escaped for HTML
 *	{{#name}}...{{/name}}	for each item of a list; once inside an object;
 *						once for any other value that is there
 *	{{^name}}...{{/name}}	once when there is no value, or an empty list
 *
 * A name is looked for in the innermost item first, then outwards.  "." is
 * the item itself.  There is no way to write a value without escaping it,
 * and none to run anything: whatever a name or a note contains stays text.
 *
 * The text is read again for each item of a list; nothing is kept between
 * calls, and all memory is the caller's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_render_template);
PG_FUNCTION_INFO_V1(aidcase_template_names);
PG_FUNCTION_INFO_V1(aidcase_yuan_in_capitals);

#define MAX_NAME	63			/* bytes of a name */

/* One place of a template. */
typedef struct Place
{
	char		kind;			/* '=' value, '#', '^', '/'; 0 = end of text */
	char		name[MAX_NAME + 1];
	const char *text;			/* literal text before it ... */
	const char *text_end;		/* ... and where that ends */
	const char *next;			/* after the closing braces */
} Place;

/* What the names of a section are looked up in, innermost first. */
typedef struct Scope
{
	const JsonbValue *value;
	const struct Scope *outer;
} Scope;

/* Collects the names of a template with their sections, and its faults. */
typedef struct NameList
{
	ReturnSetInfo *rsinfo;
	const char *start;			/* of the template, to count lines */
} NameList;

/* Line, from 1, in which p stands. */
static int
line_of(const char *start, const char *p)
{
	int			line = 1;

	for (; start < p; start++)
		line += *start == '\n';
	return line;
}

/*
 * Reads on from p to the next place.  Returns NULL, or what is wrong with it;
 * place->next is behind it in any case.
 */
static const char *
next_place(const char *p, const char *end, Place *place)
{
	const char *name;
	size_t		len;

	place->text = p;
	for (; p < end - 1 && !(p[0] == '{' && p[1] == '{'); p++)
		;
	if (p >= end - 1)
	{
		place->kind = 0;
		place->text_end = place->next = end;
		return NULL;
	}
	place->text_end = p;
	p += 2;
	place->kind = '=';
	if (p < end && (*p == '#' || *p == '^' || *p == '/'))
		place->kind = *p++;
	name = p;
	while (p < end && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
					   *p == '_' || *p == '.'))
		p++;
	len = p - name;
	place->next = p;
	if (end - p < 2 || p[0] != '}' || p[1] != '}')
		return "has something else than a name in double braces";
	place->next = p + 2;
	if (len == 0 || len > MAX_NAME ||
		(memchr(name, '.', len) != NULL && (len != 1 || place->kind != '=')))
		return "has a place that names no fact";
	memcpy(place->name, name, len);
	place->name[len] = '\0';
	return NULL;
}

/*
 * The end of the section that begins at p: *body_end is where its text ends,
 * the result is behind its closing place.  Sections of a template that was
 * checked are well nested; of another this raises an error.
 */
static const char *
section_end(const char *start, const char *p, const char *end,
			const char *name, const char **body_end)
{
	int			depth = 0;
	const char *open = p;

	for (;;)
	{
		Place		place;
		const char *fault = next_place(p, end, &place);

		if (fault != NULL || place.kind == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the template is not well-formed"),
					 fault != NULL
					 ? errdetail("Line %d %s.", line_of(start, place.text_end), fault)
					 : errdetail("Section \"%s\", opened in line %d, is not closed.",
								 name, line_of(start, open)),
					 errhint("SELECT * FROM aidcase.template_names(template) lists its faults.")));
		if (place.kind == '#' || place.kind == '^')
			depth++;
		else if (place.kind == '/')
		{
			if (depth == 0)
			{
				if (strcmp(place.name, name) != 0)
					ereport(ERROR,
							(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							 errmsg("the template is not well-formed"),
							 errdetail("Line %d closes section \"%s\", but \"%s\" is open.",
									   line_of(start, place.text_end), place.name, name),
							 errhint("SELECT * FROM aidcase.template_names(template) lists its faults.")));
				*body_end = place.text_end;
				return place.next;
			}
			depth--;
		}
		p = place.next;
	}
}

/* The value of a name; false when there is none, or it is null. */
static bool
lookup(const char *name, const Scope *scope, JsonbValue *result)
{
	if (strcmp(name, ".") == 0)
	{
		*result = *scope->value;
		return result->type != jbvNull;
	}
	for (; scope != NULL; scope = scope->outer)
	{
		JsonbValue	key;
		JsonbValue *found;

		if (scope->value->type != jbvBinary ||
			!JsonContainerIsObject(scope->value->val.binary.data))
			continue;
		key.type = jbvString;
		key.val.string.val = unconstify(char *, name);
		key.val.string.len = strlen(name);
		found = findJsonbValueFromContainer(scope->value->val.binary.data,
											JB_FOBJECT, &key);
		if (found != NULL)
		{
			*result = *found;
			return result->type != jbvNull;
		}
	}
	return false;
}

/*
 * Appends text escaped for HTML.  Control characters, which no page may hold,
 * become U+FFFD; so do the signs that turn the direction of writing, which
 * could make a name read as another one.
 */
static void
append_escaped(StringInfo out, const char *text, int len)
{
	const char *end = text + len;

	while (text < end)
	{
		int			n = Min(pg_utf_mblen((const unsigned char *) text), end - text);
		unsigned char c = (unsigned char) *text;

		if (c == '&')
			appendStringInfoString(out, "&amp;");
		else if (c == '<')
			appendStringInfoString(out, "&lt;");
		else if (c == '>')
			appendStringInfoString(out, "&gt;");
		else if (c == '"')
			appendStringInfoString(out, "&quot;");
		else if (c == '\'')
			appendStringInfoString(out, "&#39;");
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			appendStringInfoString(out, "\xEF\xBF\xBD");
		/* U+0080 to U+009F; U+200E, 200F, 202A to 202E, 2066 to 2069 */
		else if ((n == 2 && c == 0xC2 && (unsigned char) text[1] < 0xA0) ||
				 (n == 3 && c == 0xE2 && (unsigned char) text[1] == 0x80 &&
				  ((unsigned char) text[2] == 0x8E || (unsigned char) text[2] == 0x8F ||
				   ((unsigned char) text[2] >= 0xAA && (unsigned char) text[2] <= 0xAE))) ||
				 (n == 3 && c == 0xE2 && (unsigned char) text[1] == 0x81 &&
				  (unsigned char) text[2] >= 0xA6 && (unsigned char) text[2] <= 0xA9))
			appendStringInfoString(out, "\xEF\xBF\xBD");
		else
			appendBinaryStringInfo(out, text, n);
		text += n;
	}
}

/* Appends a single value: text, number, yes or no; objects and lists nothing. */
static void
append_value(StringInfo out, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			append_escaped(out, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			appendStringInfoString(out,
								   DatumGetCString(DirectFunctionCall1(numeric_out,
																	   NumericGetDatum(value->val.numeric))));
			break;
		case jbvBool:
			appendStringInfoString(out, value->val.boolean ? "true" : "false");
			break;
		default:
			break;
	}
}

/* Fills the text from p to end into out. */
static void
render(const char *start, const char *p, const char *end, const Scope *scope,
	   StringInfo out)
{
	check_stack_depth();
	for (;;)
	{
		Place		place;
		const char *fault = next_place(p, end, &place);
		JsonbValue	value;
		bool		there;
		const char *body_end;

		CHECK_FOR_INTERRUPTS();
		if (fault != NULL || place.kind == '/')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the template is not well-formed"),
					 fault != NULL
					 ? errdetail("Line %d %s.", line_of(start, place.text_end), fault)
					 : errdetail("Line %d closes section \"%s\", which is not open.",
								 line_of(start, place.text_end), place.name),
					 errhint("SELECT * FROM aidcase.template_names(template) lists its faults.")));
		appendBinaryStringInfo(out, place.text, place.text_end - place.text);
		if (place.kind == 0)
			return;
		there = lookup(place.name, scope, &value);
		p = place.next;
		if (place.kind == '=')
		{
			if (there)
				append_value(out, &value);
			continue;
		}

		if (there && value.type == jbvBool)
			there = value.val.boolean;
		else if (there && value.type == jbvString)
			there = value.val.string.len > 0;
		else if (there && value.type == jbvBinary)
			there = JsonContainerSize(value.val.binary.data) > 0;

		p = section_end(start, place.next, end, place.name, &body_end);
		if (place.kind == '^')
		{
			if (!there)
				render(start, place.next, body_end, scope, out);
		}
		else if (there && value.type == jbvBinary &&
				 JsonContainerIsArray(value.val.binary.data))
		{
			int			n = JsonContainerSize(value.val.binary.data);

			for (int i = 0; i < n; i++)
			{
				Scope		inner;

				inner.value = getIthJsonbValueFromContainer(value.val.binary.data, i);
				inner.outer = scope;
				render(start, place.next, body_end, &inner, out);
			}
		}
		else if (there && value.type == jbvBinary)
		{
			Scope		inner;

			inner.value = &value;
			inner.outer = scope;
			render(start, place.next, body_end, &inner, out);
		}
		else if (there)
			render(start, place.next, body_end, scope, out);
	}
}

/*
 * render_template(template text, facts jsonb) returns text
 *
 * The template filled with the facts, an object.  Errors: 22023 when the
 * template is not well-formed or the facts are no object.
 */
Datum
aidcase_render_template(PG_FUNCTION_ARGS)
{
	text	   *template = PG_GETARG_TEXT_PP(0);
	Jsonb	   *facts = PG_GETARG_JSONB_P(1);
	const char *start = VARDATA_ANY(template);
	JsonbValue	top;
	Scope		scope;
	StringInfoData out;

	if (!JB_ROOT_IS_OBJECT(facts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the facts of a template must be a JSON object"),
				 errhint("Example: SELECT aidcase.render_template('{{name}}', '{\"name\": \"…\"}').")));
	top.type = jbvBinary;
	top.val.binary.data = &facts->root;
	top.val.binary.len = VARSIZE_ANY_EXHDR(facts);
	scope.value = &top;
	scope.outer = NULL;
	initStringInfo(&out);
	render(start, start, start + VARSIZE_ANY_EXHDR(template), &scope, &out);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* One row of template_names(): a name, or a fault (a sentence). */
static void
put_name(NameList *list, const char *name, const char *p, char *fault)
{
	Datum		values[3];
	bool		nulls[3] = {0};

	nulls[0] = name == NULL;
	if (name != NULL)
		values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(line_of(list->start, p));
	nulls[2] = fault == NULL;
	if (fault != NULL)
		values[2] = CStringGetTextDatum(fault);
	tuplestore_putvalues(list->rsinfo->setResult, list->rsinfo->setDesc, values, nulls);
}

/*
 * Lists the names from p on until the section that is open is closed; returns
 * where reading goes on.  path is the section with those around it.
 */
static const char *
list_names(NameList *list, const char *p, const char *end, const char *path,
		   const char *section)
{
	const char *open = p;

	check_stack_depth();
	for (;;)
	{
		Place		place;
		const char *fault = next_place(p, end, &place);
		char	   *name;

		p = place.next;
		if (fault != NULL)
		{
			put_name(list, NULL, place.text_end, pstrdup(fault));
			continue;
		}
		if (place.kind == 0)
		{
			if (section != NULL)
				put_name(list, NULL, open,
						 psprintf("opens section \"%s\", which is not closed", section));
			return end;
		}
		if (place.kind == '/')
		{
			if (section != NULL && strcmp(section, place.name) == 0)
				return p;
			put_name(list, NULL, place.text_end,
					 psprintf("closes section \"%s\", which is not the one that is open",
							  place.name));
			continue;
		}
		if (strcmp(place.name, ".") == 0)
			continue;
		name = *path ? psprintf("%s/%s", path, place.name) : pstrdup(place.name);
		put_name(list, name, place.text_end, NULL);
		if (place.kind == '#')
			p = list_names(list, p, end, name, place.name);
		else if (place.kind == '^')
			p = list_names(list, p, end, path, place.name);
	}
}

/*
 * template_names(template text) returns setof (name text, line integer, fault text)
 *
 * Every place of a template: its name with the sections around it, such as
 * members/name; or, with no name, what is wrong in that line.
 */
Datum
aidcase_template_names(PG_FUNCTION_ARGS)
{
	text	   *template = PG_GETARG_TEXT_PP(0);
	NameList	list;

	InitMaterializedSRF(fcinfo, 0);
	list.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	list.start = VARDATA_ANY(template);
	list_names(&list, list.start, list.start + VARSIZE_ANY_EXHDR(template), "", NULL);
	return (Datum) 0;
}

/*
 * yuan_in_capitals(amount numeric) returns text
 *
 * An amount in capital figures (大写), as the rules for filling in vouchers of
 * payment (支付结算办法, annex 1) have it: 1409.50 is 壹仟肆佰零玖元伍角整.
 * amount in yuan, from 0 to below 10^12, with at most two decimals; anything
 * else is error 22023.
 */
Datum
aidcase_yuan_in_capitals(PG_FUNCTION_ARGS)
{
	static const char *const digit[] = {
		"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"
	};
	static const char *const place[] = {"仟", "佰", "拾", ""};
	static const char *const group[] = {"亿", "万", ""};
	Numeric		amount = PG_GETARG_NUMERIC(0);
	Datum		fen = (Datum) 0;
	bool		fits = !numeric_is_nan(amount) && !numeric_is_inf(amount);
	int64		n = 0;
	int64		yuan;
	int			jiao;
	bool		skipped = false;	/* a group of zeros was left out */
	StringInfoData out;

	if (fits)
	{
		fen = DirectFunctionCall2(numeric_mul, NumericGetDatum(amount),
								  NumericGetDatum(int64_to_numeric(100)));
		fits = DatumGetBool(DirectFunctionCall2(numeric_eq, fen,
												DirectFunctionCall2(numeric_trunc, fen, Int32GetDatum(0)))) &&
			DatumGetBool(DirectFunctionCall2(numeric_ge, fen,
											 NumericGetDatum(int64_to_numeric(0)))) &&
			DatumGetBool(DirectFunctionCall2(numeric_lt, fen,
											 NumericGetDatum(int64_to_numeric(INT64CONST(100000000000000)))));
	}
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount in capital figures must be from 0 to below 1000000000000 yuan, with at most two decimals"),
				 errhint("Round the amount first, with aidcase.round_amount().")));
	n = DatumGetInt64(DirectFunctionCall1(numeric_int8, fen));
	yuan = n / 100;
	jiao = (int) (n / 10 % 10);
	initStringInfo(&out);

	/* groups of four digits; a zero is read where digits are left out between two */
	for (int g = 0; g < 3; g++)
	{
		int			v = (int) (g == 0 ? yuan / 100000000 :
							   g == 1 ? yuan / 10000 % 10000 : yuan % 10000);
		bool		gap = out.len > 0 && (v < 1000 || skipped);

		if (v == 0)
		{
			skipped = out.len > 0;
			continue;
		}
		skipped = false;
		for (int i = 0, unit = 1000; i < 4; i++, unit /= 10)
		{
			int			d = v / unit % 10;

			if (d == 0)
			{
				gap = gap || out.len > 0;
				continue;
			}
			if (gap && out.len > 0)
				appendStringInfoString(&out, digit[0]);
			appendStringInfoString(&out, digit[d]);
			appendStringInfoString(&out, place[i]);
			gap = false;
		}
		appendStringInfoString(&out, group[g]);
	}
	if (yuan > 0 || n == 0)
		appendStringInfoString(&out, n == 0 ? "零元" : "元");
	if (n % 100 == 0)
		appendStringInfoString(&out, "整");
	else
	{
		/* before jiao when no yuan is left over from ten, before fen when there is no jiao */
		if (yuan > 0 && (jiao == 0 || yuan % 10 == 0))
			appendStringInfoString(&out, digit[0]);
		if (jiao > 0)
			appendStringInfo(&out, "%s角", digit[jiao]);
		if (n % 10 > 0)
			appendStringInfo(&out, "%s分", digit[n % 10]);
		else
			appendStringInfoString(&out, "整");
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
