-- Changes of policy, before and after; and who may grant how much.
--
-- Levels of authority are dated rows of an area.  An amount goes to the first level, from the unit upwards, whose bound it
-- does not exceed.  A bound is in yuan or in months of the dibao standard, for
-- a household or for each person.  Rows of the nearest area count, level by
-- level, so that a district may change one level and leave the others.

-- What a value was before and is from its first day on: the row of the same
-- parameter, area, programme and variant that ends on that day, else what was
-- in force there the day before (of a wider area, or derived).
CREATE OR REPLACE VIEW aidcase.parameter_change WITH (security_invoker = true) AS
SELECT p.parameter_id, p.name, n.label_zh, n.label_en, n.unit_of_measure, p.area_code, p.programme, p.variant,
       lower(p.valid) AS valid_from, b.value / b.divisor AS before, a.value / a.divisor AS after,
       a.value / a.divisor - b.value / b.divisor AS difference,
       CASE WHEN p.of_name IS NULL THEN 'published' ELSE 'derived' END AS origin,
       e.doc_no AS document_before, d.doc_no AS document_after, p.article, a.illustrative
  FROM aidcase.policy_parameter AS p
  JOIN aidcase.parameter_name AS n ON n.name = p.name
  JOIN aidcase.policy_document AS d ON d.document_id = p.document_id
 CROSS JOIN LATERAL (SELECT CASE WHEN lower_inf(p.valid) THEN NULL ELSE lower(p.valid) END AS day) AS f
  LEFT JOIN LATERAL aidcase.parameter_row(p.name, p.area_code, f.day, p.programme, p.variant) AS a ON true
  LEFT JOIN LATERAL aidcase.parameter_row(p.name, p.area_code, f.day - 1, p.programme, p.variant) AS b ON true
  LEFT JOIN aidcase.policy_document AS e ON e.document_id = b.document_id;
COMMENT ON VIEW aidcase.parameter_change IS
    '政策变动:每个参数值生效前后对照 / every change of a parameter: what was in force there before, and from the day on';
COMMENT ON COLUMN aidcase.parameter_change.parameter_id IS '参数行号 / row of policy_parameter';
COMMENT ON COLUMN aidcase.parameter_change.name IS '参数 / parameter';
COMMENT ON COLUMN aidcase.parameter_change.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.parameter_change.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.parameter_change.unit_of_measure IS '计量单位 / unit of measure';
COMMENT ON COLUMN aidcase.parameter_change.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.parameter_change.programme IS '救助项目,空为通用 / programme; NULL = every programme';
COMMENT ON COLUMN aidcase.parameter_change.variant IS '分类 / variant';
COMMENT ON COLUMN aidcase.parameter_change.valid_from IS '生效日期 / first day';
COMMENT ON COLUMN aidcase.parameter_change.before IS '前一日有效值,空为无 / value of the day before; NULL = none';
COMMENT ON COLUMN aidcase.parameter_change.after IS '当日有效值 / value of that day';
COMMENT ON COLUMN aidcase.parameter_change.difference IS '差额 / difference';
COMMENT ON COLUMN aidcase.parameter_change.origin IS '公布或推算 / published or derived';
COMMENT ON COLUMN aidcase.parameter_change.document_before IS '原依据文件 / document before';
COMMENT ON COLUMN aidcase.parameter_change.document_after IS '新依据文件 / document from the day on';
COMMENT ON COLUMN aidcase.parameter_change.article IS '条款 / article';
COMMENT ON COLUMN aidcase.parameter_change.illustrative IS '示例值 / made up for demonstration';
REVOKE ALL ON TABLE aidcase.parameter_change FROM PUBLIC;

-- The rows in force for an area, lowest level first, with the bound in yuan.
CREATE OR REPLACE FUNCTION aidcase.authority(
    programme text, area text, on_date date, members integer DEFAULT 1, residence text DEFAULT 'urban')
RETURNS TABLE (
    level           text,
    bound           numeric,
    times_a_year    integer,
    same_cause_once boolean,
    article         text,
    document_id     bigint,
    illustrative    boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
SELECT t.level,
       t.bound * CASE t.per WHEN 'person' THEN authority.members ELSE 1 END
       * CASE t.measure WHEN 'standard' THEN
             aidcase.parameter('dibao_standard', authority.area, authority.on_date, 'dibao', authority.residence) ELSE 1 END,
       t.times_a_year::integer, t.same_cause_once, t.article, t.document_id,
       t.illustrative OR (t.measure = 'standard' AND coalesce((
           SELECT p.illustrative FROM aidcase.parameter_row('dibao_standard', authority.area, authority.on_date,
                                                            'dibao', authority.residence) AS p), false))
  FROM (SELECT DISTINCT ON (q.level) q.*
          FROM aidcase.authority_tier AS q
         WHERE q.programme = authority.programme AND q.valid @> authority.on_date
           AND q.area_code = ANY (aidcase.area_chain(authority.area))
         ORDER BY q.level, q.area_code COLLATE "C" DESC) AS t
  JOIN aidcase.label AS l ON l.code_set = 'authority_tier.level' AND l.code = t.level
 ORDER BY l.sort;
END;
COMMENT ON FUNCTION aidcase.authority(text, text, date, integer, text) IS
    '某项目某地某日各级审批权限(元),由低到高;空为不限 / who may grant how much at a time, lowest level first, in yuan; NULL = without limit';

-- The bound of one level.
CREATE OR REPLACE FUNCTION aidcase.authority_limit(
    programme text, area text, on_date date, members integer DEFAULT 1, residence text DEFAULT 'urban', level text DEFAULT 'unit')
RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    found_bound numeric;
BEGIN
    SELECT a.bound INTO found_bound
      FROM aidcase.authority(authority_limit.programme, area, on_date, members, residence) AS a
     WHERE a.level = authority_limit.level;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no level of authority is set'
            USING ERRCODE = 'ZA008',
                  DETAIL = format('Level %s of programme %s is not in force on %s for area %s or one above it.',
                                  coalesce(quote_literal(authority_limit.level), 'NULL'), coalesce(quote_literal(authority_limit.programme), 'NULL'),
                                  coalesce(on_date::text, 'NULL'), coalesce(area, 'NULL')),
                  HINT = 'Enter it in aidcase.authority_tier, with its document.';
    END IF;
    RETURN found_bound;
END
$$;
COMMENT ON FUNCTION aidcase.authority_limit(text, text, date, integer, text, text) IS
    '某级审批权限(元),空为不限;未设定报错 ZA008 / the bound of one level in yuan, NULL = without limit; error ZA008 when the level is not set';

-- The level that an amount goes to; below_minimum when it is too little;
-- NULL when it is more than every level may grant, or none is set.
CREATE OR REPLACE FUNCTION aidcase.authority_level(
    programme text, area text, on_date date, amount numeric, members integer DEFAULT 1, residence text DEFAULT 'urban')
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT a.level
  FROM aidcase.authority(authority_level.programme, area, on_date, members, residence) WITH ORDINALITY
       AS a (level, bound, times_a_year, same_cause_once, article, document_id, illustrative, n)
 WHERE CASE a.level WHEN 'below_minimum' THEN authority_level.amount < a.bound
       ELSE a.bound IS NULL OR authority_level.amount <= a.bound END
 ORDER BY a.n LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.authority_level(text, text, date, numeric, integer, text) IS
    '某金额应由哪一级审批;低于最低额为 below_minimum;超出各级或未设定为空 / the level that decides on an amount; below_minimum when it is too little, NULL when no level may grant it';

COMMENT ON TABLE aidcase.authority_tier IS
    '审批权限:各级每次可批金额、每年次数、同一事由限制 / who may grant how much at a time, how often a year, and whether for the same cause again';
COMMENT ON COLUMN aidcase.authority_tier.tier_id IS '主键 / key';
COMMENT ON COLUMN aidcase.authority_tier.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.authority_tier.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.authority_tier.level IS '层级;below_minimum 为每次最低额 / level; below_minimum = the least that is granted at a time';
COMMENT ON COLUMN aidcase.authority_tier.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.authority_tier.bound IS '上限(含),below_minimum 为下限;空为不限 / greatest amount, for below_minimum the least; NULL = without limit';
COMMENT ON COLUMN aidcase.authority_tier.measure IS '计量:元,或低保标准月数 / in yuan, or in months of the dibao standard';
COMMENT ON COLUMN aidcase.authority_tier.per IS '按户或按人 / for the household or for each counted member';
COMMENT ON COLUMN aidcase.authority_tier.times_a_year IS '每一公历年最多次数,空为不限 / most times in a calendar year; NULL = any';
COMMENT ON COLUMN aidcase.authority_tier.same_cause_once IS '同一事由一年一次 / once in a calendar year for the same cause';
COMMENT ON COLUMN aidcase.authority_tier.article IS '条款 / article';
COMMENT ON COLUMN aidcase.authority_tier.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.authority_tier.illustrative IS '示例值 / made up for demonstration';
