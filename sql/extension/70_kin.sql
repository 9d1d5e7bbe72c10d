/*
 * kin: search over the ties of table aidcase.kin_tie.  They tell ties of
 * anybody, so only who was granted EXECUTE may ask (register/68_kin).
 */
CREATE FUNCTION kin(person citizen_id, max_hops integer, on_date date, effect text DEFAULT NULL,
    OUT relative citizen_id, OUT name text, OUT relation text, OUT hops integer, OUT kinship text,
    OUT generations integer, OUT counts text[], OUT path_zh text, OUT path_en text, OUT ties bigint[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE ROWS 20 COST 1000
AS 'MODULE_PATHNAME', 'aidcase_kin';
COMMENT ON FUNCTION kin(citizen_id, integer, date, text) IS
    '某人某日在若干步 (0 至 6) 以内的亲属,一人一行,近者在前:称谓、步数、类别、代数、计入哪些用途、路径文字;给出用途则只列该用途所计亲属 / relatives of a person on a day within 0 to 6 ties, one row each, the nearest first: relation, ties, class, generations, effects under which it counts, path in words; an effect lists only those that count for it';
REVOKE ALL ON FUNCTION kin(citizen_id, integer, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kin(citizen_id, integer, date, text) TO aidcase_owner, aidcase_bureau, aidcase_inspector;

CREATE FUNCTION kin_of(persons citizen_id[], max_hops integer, on_date date DEFAULT NULL, effect text DEFAULT NULL,
    OUT person citizen_id, OUT relative citizen_id, OUT relation text, OUT hops integer, OUT valid daterange, OUT ties bigint[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10000 COST 100000
AS 'MODULE_PATHNAME', 'aidcase_kin_of';
COMMENT ON FUNCTION kin_of(citizen_id[], integer, date, text) IS
    '许多人的亲属:各种称谓及整条路径成立的期间;日期为空则不限日期,用途为空则不限范围 / relatives of many people at once: every relation, and the period in which the whole path stood; no date = at any time, no effect = all relations';
REVOKE ALL ON FUNCTION kin_of(citizen_id[], integer, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kin_of(citizen_id[], integer, date, text) TO aidcase_owner, aidcase_bureau, aidcase_inspector;

CREATE FUNCTION kin_path(person citizen_id, ties bigint[], OUT path_zh text, OUT path_en text)
LANGUAGE c STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_kin_path';
COMMENT ON FUNCTION kin_path(citizen_id, bigint[]) IS
    '亲属路径文字 (甲—配偶—乙—父亲—丙),无权阅读的姓名以脱敏号码代替 / a path in words; a masked number stands for a name that the caller may not read';
REVOKE ALL ON FUNCTION kin_path(citizen_id, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kin_path(citizen_id, bigint[]) TO aidcase_owner, aidcase_bureau, aidcase_inspector;

-- Names are compared in this form; tables of the register have indexes on it.
CREATE FUNCTION name_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.upper(pg_catalog.regexp_replace(normalize(name, NFKC),
    '[\s\u200B-\u200D\uFEFF\u00B7\u0387\u2022\u2027\u2219\u22C5\u2E31\u30FB.]', '', 'g') COLLATE "C");
COMMENT ON FUNCTION name_key(text) IS
    '姓名比对形式:规范化 (全角转半角),去空格和间隔号,大写 / the form in which names are compared: normalized, full width resolved, no blanks, no middle dots, capitals';
