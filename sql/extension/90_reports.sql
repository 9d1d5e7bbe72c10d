/*
 * reports: workbooks.
 *
 * Both functions run with the caller's rights; nothing they return goes
 * beyond what the caller could SELECT.  So PUBLIC may keep EXECUTE, as with
 * any function of PostgreSQL that only shows what one may read anyway.
 */
CREATE FUNCTION workbook(
    name     text,
    period   text,
    unit     text DEFAULT NULL,
    known_at timestamptz DEFAULT NULL)
RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_workbook';
COMMENT ON FUNCTION workbook(text, text, text, timestamptz) IS
    '生成报表工作簿(xlsx)并登记签发 / makes the workbook (xlsx) of a report for a period and records its issue';

CREATE FUNCTION report_as_of(
    name   text,
    period text)
RETURNS date
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'aidcase_report_as_of';
COMMENT ON FUNCTION report_as_of(text, text) IS
    '报告期的数据截止日 / the day that a report is made for in a period: its last one';

CREATE FUNCTION xlsx(
    query   text,
    options jsonb DEFAULT '{}')
RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_xlsx';
COMMENT ON FUNCTION xlsx(text, jsonb) IS
    '将一条查询的结果写成工作簿(xlsx) / writes the rows of one query into a workbook (xlsx); options: sheet, title, labels, text, about, landscape, split; purpose, which a list of citizen numbers or accounts needs';
