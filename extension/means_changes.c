/*-------------------------------------------------------------------------
 *
 * means_changes.c
 *		The changes of parameters and rules that a simulation of the means
 *		test supposes: an array of objects, checked and taken apart.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"

/*
 * A key of an object of changes: text in the current context, NULL when it is
 * absent or null.
 */
static char *
change_text(JsonbContainer *object, const char *key)
{
	JsonbValue	buf;
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), &buf);

	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	return "";					/* of no use as anything */
}

static Numeric
change_number(JsonbContainer *object, const char *key)
{
	JsonbValue	buf;
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), &buf);

	if (value == NULL || value->type != jbvNumeric)
		return NULL;
	return DatumGetNumericCopy(NumericGetDatum(value->val.numeric));
}

/*
 * Is a rule among what is supposed?
 */
bool
aidcase_means_supposes_rules(Jsonb *changes)
{
	int			i;

	for (i = 0; changes != NULL && JB_ROOT_IS_ARRAY(changes) &&
		 i < (int) JB_ROOT_COUNT(changes); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(&changes->root, i);
		JsonbValue	buf;

		if (element->type == jbvBinary &&
			JsonContainerIsObject(element->val.binary.data) &&
			getKeyJsonValueFromContainer(element->val.binary.data, "rule", 4, &buf) != NULL)
			return true;
	}
	return false;
}

/*
 * Takes the changes of parameters apart, in the current context; all faults at
 * once.  Rules among them are read by aidcase.supposed_rules().
 */
MeansChange *
aidcase_means_changes(Jsonb *changes, bool (*known) (void *arg, const char *name),
					  void *arg, int *n_changes)
{
	static const char *const keys[] = {
		"name", "area", "programme", "variant", "value", "divisor", "from"
	};
	StringInfoData faults;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;
	MeansChange *result = NULL;
	int			n = 0;

	initStringInfo(&faults);
	if (!JB_ROOT_IS_ARRAY(changes) || JB_ROOT_IS_SCALAR(changes))
		appendStringInfoString(&faults, "\nThey must be an array of objects.");
	else
	{
		int			i;

		result = (MeansChange *)
			palloc0((JB_ROOT_COUNT(changes) + 1) * sizeof(MeansChange));
		for (i = 0; i < (int) JB_ROOT_COUNT(changes); i++)
		{
			JsonbValue *element = getIthJsonbValueFromContainer(&changes->root, i);
			MeansChange *change = &result[n];
			JsonbContainer *object;
			char	   *from;
			int			j;

			if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
			{
				appendStringInfo(&faults, "\n[%d]: It must be an object.", i);
				continue;
			}
			object = element->val.binary.data;
			if (getKeyJsonValueFromContainer(object, "rule", 4, &v) != NULL)
				continue;
			it = JsonbIteratorInit(object);
			while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
			{
				if (token != WJB_KEY)
					continue;
				for (j = 0; j < (int) lengthof(keys); j++)
				{
					if ((int) strlen(keys[j]) == v.val.string.len &&
						strncmp(keys[j], v.val.string.val, v.val.string.len) == 0)
						break;
				}
				if (j == (int) lengthof(keys))
					appendStringInfo(&faults, "\n[%d].%.*s: There is no such key.", i,
									 v.val.string.len, v.val.string.val);
			}
			change->name = change_text(object, "name");
			change->area = change_text(object, "area");
			change->programme = change_text(object, "programme");
			change->variant = change_text(object, "variant");
			change->value = change_number(object, "value");
			change->divisor = change_number(object, "divisor");
			if (change->divisor == NULL)
				change->divisor = int64_to_numeric(1);
			if (change->name == NULL || !known(arg, change->name))
				appendStringInfo(&faults, "\n[%d].name: There is no such parameter.", i);
			if (change->area == NULL)
				appendStringInfo(&faults, "\n[%d].area: It must be given.", i);
			else if (strcmp(change->area, "0") != 0 &&
					 (strspn(change->area, "0123456789") != strlen(change->area) ||
					  (strlen(change->area) != 6 && strlen(change->area) != 9 &&
					   strlen(change->area) != 12)))
				appendStringInfo(&faults, "\n[%d].area: It must be 0 for the nation, or a code of 6, 9 or 12 digits.", i);
			if (change->value == NULL || numeric_is_nan(change->value) ||
				DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(change->value),
												  NumericGetDatum(int64_to_numeric(0)))) < 0)
				appendStringInfo(&faults, "\n[%d].value: A number that is not negative is needed.", i);
			if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(change->divisor),
												  NumericGetDatum(int64_to_numeric(0)))) <= 0)
				appendStringInfo(&faults, "\n[%d].divisor: It must be a positive number.", i);
			change->from = DATEVAL_NOBEGIN;
			from = change_text(object, "from");
			if (from != NULL)
				change->from = DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(from)));
			n++;
		}
	}
	if (faults.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the changes of parameters are not usable"),
				 errdetail_internal("%s", faults.data + 1),
				 errhint("Example: [{\"name\": \"dibao_standard\", \"area\": \"340705\", \"variant\": \"urban\", \"value\": 720}].")));
	*n_changes = n;
	return result;
}
