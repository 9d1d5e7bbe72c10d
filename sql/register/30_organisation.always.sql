-- Organisation: units as of a date, staff and posts, delegations, groups.
--
-- All functions act with the caller's rights: administrators and the bureau
-- hold the grants.  A function that takes a document or lists tells all its
-- faults at once (ZA007, see 12_document).  Periods are whole days; a "to" is the last day,
-- the date on which something is ended is the first day without it.

CREATE OR REPLACE FUNCTION aidcase.unit_level(unit_kind text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE unit_kind
           WHEN 'city' THEN 'city'
           WHEN 'district' THEN 'district'
           WHEN 'town' THEN 'unit'
           WHEN 'office' THEN 'unit'
           WHEN 'direct_community' THEN 'unit'
           WHEN 'zone' THEN 'unit'
           WHEN 'residents_committee' THEN 'village'
           WHEN 'village_committee' THEN 'village'
           WHEN 'zone_community' THEN 'village'
           END
$$;
COMMENT ON FUNCTION aidcase.unit_level(text) IS
    '单位类别的层级:city 市,district 区,unit 镇办社区,village 村居 / level of a kind of unit: city, district, unit, village';

-- The tree has no circles because every parent is of a higher level.
CREATE OR REPLACE FUNCTION aidcase.check_unit_parent()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    levels CONSTANT text[] := '{city,district,unit,village}';
BEGIN
    IF NEW.parent_id IS NOT NULL AND NOT coalesce((
            SELECT array_position(levels, aidcase.unit_level(p.unit_kind))
                   < array_position(levels, aidcase.unit_level(u.unit_kind))
              FROM aidcase.unit AS u, aidcase.unit AS p
             WHERE u.unit_id = NEW.unit_id AND p.unit_id = NEW.parent_id), true) THEN
        RAISE EXCEPTION 'a unit cannot be placed below a unit of its own or a lower level'
            USING ERRCODE = '23514',
                  HINT = 'The levels are city, district, town or office or directly administered community, and village or residents committee.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_unit_parent() IS
    '触发器:上级单位的层级必须更高 / trigger: the unit above must be of a higher level';
CREATE OR REPLACE TRIGGER "~1_parent" BEFORE INSERT OR UPDATE ON aidcase.unit_period
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_unit_parent();

CREATE OR REPLACE FUNCTION aidcase.check_unit_kind()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NEW.unit_code IS DISTINCT FROM OLD.unit_code
       OR aidcase.unit_level(NEW.unit_kind) IS DISTINCT FROM aidcase.unit_level(OLD.unit_kind) THEN
        RAISE EXCEPTION 'code and level of unit "%" cannot be changed', OLD.unit_code
            USING ERRCODE = '55000',
                  HINT = 'End its period in the tree and add a new unit.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_unit_kind() IS
    '触发器:单位代码和层级不得变更 / trigger: code and level of a unit stay';
CREATE OR REPLACE TRIGGER "~1_identity" BEFORE UPDATE ON aidcase.unit
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_unit_kind();

CREATE OR REPLACE FUNCTION aidcase.units_on(on_date date)
RETURNS TABLE (
    unit_id     bigint,
    unit_code   text,
    unit_kind   text,
    name        text,
    parent_id   bigint,
    parent_code text,
    level       text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT u.unit_id, u.unit_code, u.unit_kind, p.name, p.parent_id, a.unit_code,
       aidcase.unit_level(u.unit_kind)
  FROM aidcase.unit AS u
  JOIN aidcase.unit_period AS p ON p.unit_id = u.unit_id AND p.valid @> on_date
  LEFT JOIN aidcase.unit AS a ON a.unit_id = p.parent_id;
END;
COMMENT ON FUNCTION aidcase.units_on(date) IS
    '某日的组织机构 / the units as of a date, with their names and places in the tree then';

CREATE OR REPLACE VIEW aidcase.unit_now WITH (security_invoker = true) AS
SELECT u.unit_id, u.unit_code, u.unit_kind, u.name, u.parent_id, u.parent_code, u.level
  FROM aidcase.units_on(aidcase.today()) AS u;
COMMENT ON VIEW aidcase.unit_now IS
    '今日的组织机构 / the units as of today';
COMMENT ON COLUMN aidcase.unit_now.unit_id IS '单位 / unit';
COMMENT ON COLUMN aidcase.unit_now.unit_code IS '区划代码 / code';
COMMENT ON COLUMN aidcase.unit_now.unit_kind IS '单位类别 / kind';
COMMENT ON COLUMN aidcase.unit_now.name IS '名称 / name';
COMMENT ON COLUMN aidcase.unit_now.parent_id IS '上级单位 / unit above';
COMMENT ON COLUMN aidcase.unit_now.parent_code IS '上级单位代码 / code of the unit above';
COMMENT ON COLUMN aidcase.unit_now.level IS '层级 / level: city, district, unit, village';

CREATE OR REPLACE FUNCTION aidcase.unit_id(code text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    found bigint;
BEGIN
    SELECT u.unit_id INTO found FROM aidcase.unit AS u WHERE u.unit_code = code;
    IF found IS NULL THEN
        RAISE EXCEPTION 'there is no unit %', coalesce(quote_ident(code), 'NULL')
            USING ERRCODE = '22023',
                  HINT = 'The codes are those of view aidcase.unit_now; a new unit is added with aidcase.set_units().';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION aidcase.unit_id(text) IS
    '区划代码对应的单位,不存在则报错 / the unit with this code; an error when there is none';

CREATE OR REPLACE FUNCTION aidcase.district_id()
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT u.unit_id
  FROM aidcase.register AS r
  JOIN aidcase.unit AS u ON u.unit_code = r.area_code;
END;
COMMENT ON FUNCTION aidcase.district_id() IS
    '本区(登记库所属区) / the unit of the district whose register this is';

CREATE OR REPLACE FUNCTION aidcase.first_unit()
RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    INSERT INTO aidcase.unit (unit_code, unit_kind)
    SELECT r.area_code, 'district' FROM aidcase.register AS r
        ON CONFLICT (unit_code) DO NOTHING;
    INSERT INTO aidcase.unit_period (unit_id, name)
    SELECT u.unit_id, r.name
      FROM aidcase.register AS r
      JOIN aidcase.unit AS u ON u.unit_code = r.area_code
     WHERE NOT EXISTS (SELECT FROM aidcase.unit_period AS p WHERE p.unit_id = u.unit_id);
$$;
COMMENT ON FUNCTION aidcase.first_unit() IS
    '内部:开设登记库时登记本区 / internal: enters the district itself when the register is opened';
REVOKE ALL ON FUNCTION aidcase.first_unit() FROM PUBLIC;

-- The unit above: the one named, else the one with the longest code that the
-- code begins with.
CREATE OR REPLACE FUNCTION aidcase.unit_above(code text, parent text)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT a.unit_id
  FROM aidcase.unit AS a
 WHERE CASE WHEN parent IS NOT NULL THEN a.unit_code = parent
            ELSE starts_with(code, a.unit_code) AND a.unit_code <> code END
 ORDER BY length(a.unit_code) DESC
 LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.unit_above(text, text) IS
    '上级单位:指定的,否则按区划代码最长前缀 / the unit above: the one named, else the one with the longest code that the code begins with';

-- Units are added, renamed and moved by one document: what differs from the
-- period in force ends there and goes on under the new name or parent.
CREATE OR REPLACE FUNCTION aidcase.set_units(units jsonb, valid_from date)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    doc     CONSTANT jsonb := jsonb_build_object('units', units, 'valid_from', valid_from);
    faults  text[];
    written integer;
BEGIN
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        WITH listed AS (
            SELECT l.n, l.item ->> 'code' AS code, l.item ->> 'kind' AS kind, l.item ->> 'name' AS name,
                   l.item ->> 'parent' AS parent
              FROM aidcase.listed(doc, 'units') AS l)
        SELECT f.path, f.reason
          FROM aidcase.document_faults(doc, '{
            "type": "object", "required": ["units", "valid_from"],
            "properties": {
                "valid_from": {"type": "string", "format": "date"},
                "units": {"type": "array", "maxItems": 100000, "items": {
                    "type": "object", "required": ["code", "kind", "name"],
                    "properties": {
                        "code": {"type": "string", "pattern": "^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$",
                                 "form": "must have 6, 9 or 12 digits"},
                        "kind": {"type": "string"},
                        "name": {"type": "string", "maxLength": 100},
                        "parent": {"type": "string"}}}}}}') AS f
        UNION ALL
        SELECT format('units[%s].code', l.n), 'is listed twice'
          FROM (SELECT l.*, row_number() OVER (PARTITION BY l.code ORDER BY l.n) AS time FROM listed AS l) AS l
         WHERE l.code IS NOT NULL AND l.time > 1
        UNION ALL
        SELECT format('units[%s].kind', l.n),
               'must be one of city, district, town, office, direct_community, zone, '
               'residents_committee, village_committee, zone_community'
          FROM listed AS l WHERE l.kind IS NOT NULL AND aidcase.unit_level(l.kind) IS NULL
        UNION ALL
        SELECT format('units[%s].kind', l.n), 'differs from that of the unit with this code'
          FROM listed AS l JOIN aidcase.unit AS u ON u.unit_code = l.code
         WHERE u.unit_kind <> l.kind AND aidcase.unit_level(l.kind) IS NOT NULL
        UNION ALL
        SELECT format('units[%s].parent', l.n), 'is no unit'
          FROM listed AS l
         WHERE l.parent IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.unit AS u WHERE u.unit_code = l.parent)
           AND NOT EXISTS (SELECT FROM listed AS p WHERE p.code = l.parent)
        UNION ALL
        SELECT format('units[%s]', l.n),
               format('has a name and place from %s on, which must be before the date of the change', lower(p.valid))
          FROM listed AS l
          JOIN aidcase.unit AS u ON u.unit_code = l.code
          JOIN aidcase.unit_period AS p ON p.unit_id = u.unit_id
         WHERE lower(p.valid) > valid_from
            OR lower(p.valid) = valid_from AND p.name <> l.name
      ) AS f;
    PERFORM aidcase.raise_faults('list of units', faults,
        'Example: [{"code": "340705100", "kind": "town", "name": "西湖镇"}]; without "parent" a unit belongs to the one with the longest code that its own code begins with.');

    INSERT INTO aidcase.unit (unit_code, unit_kind)
    SELECT e ->> 'code', e ->> 'kind'
      FROM jsonb_array_elements(units) AS e
     WHERE NOT EXISTS (SELECT FROM aidcase.unit AS u WHERE u.unit_code = e ->> 'code')
     ORDER BY 1;

    -- what differs ends here
    UPDATE aidcase.unit_period AS p
       SET valid = daterange(lower(p.valid), valid_from)
      FROM jsonb_array_elements(units) AS e
      JOIN aidcase.unit AS u ON u.unit_code = e ->> 'code'
     CROSS JOIN LATERAL aidcase.unit_above(u.unit_code, e ->> 'parent') AS above
     WHERE p.unit_id = u.unit_id AND p.valid @> valid_from AND lower(p.valid) < valid_from
       AND (p.name <> e ->> 'name' OR p.parent_id IS DISTINCT FROM above);

    -- and what has no period goes on from here
    INSERT INTO aidcase.unit_period (unit_id, name, parent_id, valid)
    SELECT u.unit_id, e ->> 'name', aidcase.unit_above(u.unit_code, e ->> 'parent'),
           daterange(valid_from, NULL)
      FROM jsonb_array_elements(units) AS e
      JOIN aidcase.unit AS u ON u.unit_code = e ->> 'code'
     WHERE NOT EXISTS (SELECT FROM aidcase.unit_period AS p
                        WHERE p.unit_id = u.unit_id AND p.valid @> valid_from)
     ORDER BY u.unit_code;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.set_units(jsonb, date) IS
    '新增、更名、调整单位,返回写入的期间数 / adds, renames or moves units from a date; returns the number of periods written';

-- Staff -----------------------------------------------------------------

-- All faults of a staff document, as path and reason.
CREATE OR REPLACE FUNCTION aidcase.staff_faults(document jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    person  aidcase.staff;
    number  CONSTANT aidcase.citizen_id := aidcase.citizen(document ->> 'citizen_id');
    hired   date := aidcase.iso_date(document ->> 'employed_from');
BEGIN
    SELECT s.* INTO person FROM aidcase.staff AS s WHERE s.staff_no = document ->> 'staff_no';
    RETURN QUERY
        WITH listed AS (
            SELECT format('posts[%s]', l.n) AS path, l.n, u.unit_id, u.unit_kind, p.post, p.level,
                   l.item ->> 'unit' AS unit_code, l.item ->> 'post' AS post_code,
                   aidcase.iso_date(l.item ->> 'from') AS since, aidcase.iso_date(l.item ->> 'to') AS last,
                   l.item ->> 'provider' AS provider_code, v.provider_id
              FROM aidcase.listed(document, 'posts') AS l
              LEFT JOIN aidcase.unit AS u ON u.unit_code = l.item ->> 'unit'
              LEFT JOIN aidcase.post AS p ON p.post = l.item ->> 'post'
              LEFT JOIN aidcase.provider AS v ON v.provider_code = l.item ->> 'provider'),
        dated AS (
            SELECT l.path, l.n, l.unit_id, l.post,
                   CASE WHEN coalesce(l.last >= l.since, true) THEN daterange(l.since, l.last, '[]') END AS valid
              FROM listed AS l WHERE l.since IS NOT NULL)
        SELECT f.path, f.reason
          FROM aidcase.document_faults(document, '{
            "type": "object", "required": ["staff_no"],
            "properties": {
                "staff_no": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$",
                             "form": "must be 1 to 40 letters, digits, hyphens or underscores"},
                "name": {"type": "string", "maxLength": 100},
                "citizen_id": {"type": "string", "format": "citizen-id"},
                "login": {"type": "string", "maxLength": 63},
                "phone": {"type": "string", "maxLength": 40},
                "employed_from": {"type": "string", "format": "date"},
                "posts": {"type": "array", "maxItems": 100, "items": {
                    "type": "object", "required": ["unit", "post", "from"],
                    "properties": {
                        "unit": {"type": "string"},
                        "post": {"type": "string"},
                        "provider": {"type": "string", "maxLength": 18},
                        "from": {"type": "string", "format": "date"},
                        "to": {"type": "string", "format": "date"}}}}}}') AS f
        UNION ALL
        SELECT k, 'is missing'
          FROM unnest('{name,employed_from}'::text[]) AS k
         WHERE person.staff_id IS NULL AND document ->> k IS NULL AND jsonb_typeof(document) = 'object'
        UNION ALL
        SELECT 'citizen_id', 'is that of another member of staff'
         WHERE EXISTS (SELECT FROM aidcase.staff AS s
                        WHERE s.citizen_id = number AND s.staff_no IS DISTINCT FROM document ->> 'staff_no')
        UNION ALL
        SELECT 'citizen_id', 'differs from that of the person with this staff number'
         WHERE person.citizen_id <> number
        UNION ALL
        SELECT 'login', 'is no login role of this cluster'
         WHERE document ->> 'login' IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = document ->> 'login' AND r.rolcanlogin)
        UNION ALL
        SELECT 'login', 'is that of another member of staff'
         WHERE EXISTS (SELECT FROM aidcase.staff AS s
                        WHERE s.login = document ->> 'login' AND s.staff_no IS DISTINCT FROM document ->> 'staff_no')
        UNION ALL
        SELECT 'employed_from', format('differs from the recorded day %s', lower(person.employed))
         WHERE lower(person.employed) <> hired
        UNION ALL
        SELECT l.path || '.unit', 'is no unit'
          FROM listed AS l WHERE l.unit_code IS NOT NULL AND l.unit_id IS NULL
        UNION ALL
        SELECT l.path || '.unit', 'is not in the tree on the first day of the post'
          FROM listed AS l
         WHERE l.unit_id IS NOT NULL AND l.since IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.unit_period AS p WHERE p.unit_id = l.unit_id AND p.valid @> l.since)
        UNION ALL
        SELECT l.path || '.post',
               'must be one of ' || (SELECT string_agg(p.post, ', ' ORDER BY p.sort) FROM aidcase.post AS p)
          FROM listed AS l WHERE l.post_code IS NOT NULL AND l.post IS NULL
        UNION ALL
        SELECT l.path || '.post', format('is held at level %s, and the unit is of level %s',
                                         l.level, aidcase.unit_level(l.unit_kind))
          FROM listed AS l
         WHERE l.level <> 'provider' AND l.level <> aidcase.unit_level(l.unit_kind)
        UNION ALL
        SELECT l.path || '.provider', CASE WHEN l.level <> 'provider' THEN 'goes with the post of a provider only'
                                           WHEN l.provider_code IS NULL THEN 'is missing'
                                           ELSE 'is no provider' END
          FROM listed AS l
         WHERE (l.level = 'provider') <> (l.provider_id IS NOT NULL)
        UNION ALL
        SELECT l.path || '.to', 'is before the first day'
          FROM listed AS l WHERE l.last < l.since
        UNION ALL
        SELECT d.path, 'is not within the time of employment'
          FROM dated AS d
         WHERE NOT d.valid <@ coalesce(person.employed, daterange(hired, NULL))
        UNION ALL
        SELECT d.path, 'overlaps one that is listed before'
          FROM dated AS d
         WHERE EXISTS (SELECT FROM dated AS b
                        WHERE b.n < d.n AND b.unit_id = d.unit_id AND b.post = d.post AND b.valid && d.valid)
        UNION ALL
        SELECT d.path, format('overlaps the same post held from %s to %s', lower(h.valid),
                              coalesce((upper(h.valid) - 1)::text, 'further notice'))
          FROM dated AS d
          JOIN aidcase.staff_post AS h ON h.staff_id = person.staff_id AND h.unit_id = d.unit_id
                                      AND h.post = d.post AND h.valid && d.valid AND h.valid <> d.valid;
END
$$;
COMMENT ON FUNCTION aidcase.staff_faults(jsonb) IS
    '人员文档的全部错误 (路径、原因),不写入 / all faults of a staff document, as path and reason; writes nothing';

/*
 * One document, one person.  A staff number that is not known yet is a new
 * person; with a known one, name, login and phone given replace the present
 * ones, a citizen number may be added but not changed, and posts are added.
 * A post that is recorded with the same dates is left alone, so handing in
 * the same document twice changes nothing.
 */
CREATE OR REPLACE FUNCTION aidcase.enrol_staff(document jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    person  aidcase.staff;
    number  CONSTANT aidcase.citizen_id := aidcase.citizen(document ->> 'citizen_id');
    hired   date := aidcase.iso_date(document ->> 'employed_from');
    enrolled bigint;
BEGIN
    SELECT s.* INTO person FROM aidcase.staff AS s WHERE s.staff_no = document ->> 'staff_no' FOR UPDATE;

    PERFORM aidcase.raise_faults('staff document',
        ARRAY(SELECT f.path || ': ' || f.reason FROM aidcase.staff_faults(document) AS f
               ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Keys: staff_no, name, citizen_id, login, phone, employed_from, and posts as a list of {"unit", "post", "from", "to"}, for a post of a provider with "provider"; "to" is the last day.');

    IF person.staff_id IS NULL THEN
        INSERT INTO aidcase.staff (staff_no, name, citizen_id, login, phone, employed)
        VALUES (document ->> 'staff_no', document ->> 'name', number,
                document ->> 'login', document ->> 'phone', daterange(hired, NULL))
        RETURNING staff_id INTO enrolled;
    ELSE
        enrolled := person.staff_id;
        UPDATE aidcase.staff AS s
           SET name = coalesce(document ->> 'name', s.name),
               citizen_id = coalesce(number, s.citizen_id),
               login = coalesce(document ->> 'login', s.login),
               phone = coalesce(document ->> 'phone', s.phone)
         WHERE s.staff_id = enrolled
           AND (s.name, s.citizen_id::text, s.login, s.phone) IS DISTINCT FROM
               (coalesce(document ->> 'name', s.name),
                coalesce(number, s.citizen_id)::text,
                coalesce(document ->> 'login', s.login), coalesce(document ->> 'phone', s.phone));
    END IF;

    INSERT INTO aidcase.staff_post (staff_id, unit_id, post, provider_id, valid)
    SELECT enrolled, u.unit_id, l.item ->> 'post', v.provider_id,
           daterange((l.item ->> 'from')::date, (l.item ->> 'to')::date, '[]')
      FROM aidcase.listed(document, 'posts') AS l
      JOIN aidcase.unit AS u ON u.unit_code = l.item ->> 'unit'
      LEFT JOIN aidcase.provider AS v ON v.provider_code = l.item ->> 'provider'
     WHERE NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                        WHERE h.staff_id = enrolled AND h.unit_id = u.unit_id AND h.post = l.item ->> 'post'
                          AND h.valid = daterange((l.item ->> 'from')::date, (l.item ->> 'to')::date, '[]'))
     ORDER BY l.n;
    RETURN enrolled;
END
$$;
COMMENT ON FUNCTION aidcase.enrol_staff(jsonb) IS
    '登记人员及其岗位,一次列出全部缺陷;同一文档重复提交不变 / enrols a member of staff with posts; all faults at once; the same document twice changes nothing';

-- Posts that a provider's staff hold name the provider, others none; a post
-- lies within the time of employment.
CREATE OR REPLACE FUNCTION aidcase.check_staff_post()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF (NEW.provider_id IS NOT NULL) <> (SELECT p.level = 'provider' FROM aidcase.post AS p WHERE p.post = NEW.post) THEN
        RAISE EXCEPTION 'post "%" % a provider', NEW.post,
                        CASE WHEN NEW.provider_id IS NULL THEN 'must name' ELSE 'cannot name' END
            USING ERRCODE = '23514',
                  HINT = 'A provider belongs to the posts of level provider, and to no other; see table aidcase.provider.';
    ELSIF NOT NEW.valid <@ (SELECT s.employed FROM aidcase.staff AS s WHERE s.staff_id = NEW.staff_id) THEN
        RAISE EXCEPTION 'a post must lie within the time of employment'
            USING ERRCODE = '23514', HINT = 'See column "employed" of table aidcase.staff.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_staff_post() IS
    '触发器:服务机构岗位须注明机构,任职须在聘用期内 / trigger: a provider''s post names the provider; a post lies within the time of employment';
CREATE OR REPLACE TRIGGER "~1_post" BEFORE INSERT OR UPDATE ON aidcase.staff_post
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_staff_post();

-- Providers ---------------------------------------------------------------

-- A provider and its contracts; the same document twice changes nothing.
CREATE OR REPLACE FUNCTION aidcase.contract_provider(document jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_provider bigint;
    faults  text[];
BEGIN
    SELECT p.provider_id INTO the_provider FROM aidcase.provider AS p WHERE p.provider_code = document ->> 'code';
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        WITH listed AS (
            SELECT format('contracts[%s]', l.n) AS path, l.n, u.unit_id, l.item ->> 'unit' AS unit_code,
                   l.item ->> 'no' AS no, aidcase.iso_date(l.item ->> 'from') AS since,
                   aidcase.iso_date(l.item ->> 'to') AS last, l.item ->> 'document' AS doc_no
              FROM aidcase.listed(document, 'contracts') AS l
              LEFT JOIN aidcase.unit AS u ON u.unit_code = l.item ->> 'unit'),
        dated AS (
            SELECT l.*, daterange(l.since, l.last, '[]') AS valid
              FROM listed AS l WHERE l.since IS NOT NULL AND coalesce(l.last >= l.since, true))
        SELECT f.path, f.reason
          FROM aidcase.document_faults(document, '{
            "type": "object", "required": ["code", "name", "contracts"],
            "properties": {
                "code": {"type": "string", "pattern": "^[0-9A-Z]{4,18}$",
                         "form": "must be the unified social credit code, or 4 to 18 digits and capital letters"},
                "name": {"type": "string", "maxLength": 100},
                "contracts": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
                    "type": "object", "required": ["unit", "no", "from", "to"],
                    "properties": {
                        "unit": {"type": "string"},
                        "no": {"type": "string", "maxLength": 100},
                        "document": {"type": "string", "maxLength": 100},
                        "from": {"type": "string", "format": "date"},
                        "to": {"type": "string", "format": "date"}}}}}}') AS f
        UNION ALL
        SELECT l.path || '.unit', 'is no unit'
          FROM listed AS l WHERE l.unit_code IS NOT NULL AND l.unit_id IS NULL
        UNION ALL
        SELECT l.path || '.document', 'is no document of table policy_document'
          FROM listed AS l
         WHERE l.doc_no IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.policy_document AS d WHERE d.doc_no = l.doc_no)
        UNION ALL
        SELECT l.path || '.to', 'is before the first day' FROM listed AS l WHERE l.last < l.since
        UNION ALL
        SELECT d.path, 'overlaps one that is listed before'
          FROM dated AS d
         WHERE EXISTS (SELECT FROM dated AS b WHERE b.n < d.n AND b.unit_id = d.unit_id AND b.valid && d.valid)
        UNION ALL
        SELECT d.path, format('overlaps a contract from %s to %s', lower(c.valid), upper(c.valid) - 1)
          FROM dated AS d
          JOIN aidcase.provider_contract AS c ON c.provider_id = the_provider AND c.unit_id = d.unit_id
                                             AND c.valid && d.valid
                                             AND (c.valid, c.contract_no) IS DISTINCT FROM (d.valid, d.no)
      ) AS f;
    PERFORM aidcase.raise_faults('document of the provider', faults,
        'Keys: code, name, and contracts as a list of {"unit", "no", "from", "to"}; "to" is the last day.');

    IF the_provider IS NULL THEN
        INSERT INTO aidcase.provider (provider_code, name) VALUES (document ->> 'code', document ->> 'name')
        RETURNING provider_id INTO the_provider;
    ELSE
        UPDATE aidcase.provider AS p SET name = document ->> 'name'
         WHERE p.provider_id = the_provider AND p.name <> document ->> 'name';
    END IF;
    INSERT INTO aidcase.provider_contract (provider_id, unit_id, contract_no, valid, document_id)
    SELECT the_provider, u.unit_id, l.item ->> 'no',
           daterange((l.item ->> 'from')::date, (l.item ->> 'to')::date, '[]'),
           (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = l.item ->> 'document')
      FROM aidcase.listed(document, 'contracts') AS l
      JOIN aidcase.unit AS u ON u.unit_code = l.item ->> 'unit'
     WHERE NOT EXISTS (SELECT FROM aidcase.provider_contract AS c
                        WHERE c.provider_id = the_provider AND c.unit_id = u.unit_id
                          AND c.contract_no = l.item ->> 'no'
                          AND c.valid = daterange((l.item ->> 'from')::date, (l.item ->> 'to')::date, '[]'))
     ORDER BY l.n;
    RETURN the_provider;
END
$$;
COMMENT ON FUNCTION aidcase.contract_provider(jsonb) IS
    '登记服务机构及其合同,一次列出全部缺陷 / enters a provider of bought-in services with its contracts; all faults at once; the same document twice changes nothing';

-- Did the person serve the unit on that day: in a post there, above it or in
-- a village below it, or in the post of a provider whose contract with the
-- unit, or with one above it, was in force.
CREATE OR REPLACE FUNCTION aidcase.serves_unit(staff_id bigint, unit_id bigint, on_date date)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT EXISTS (
    SELECT
      FROM aidcase.staff_post AS h
      JOIN aidcase.post AS p ON p.post = h.post
     WHERE h.staff_id = serves_unit.staff_id AND h.valid @> on_date
       AND (aidcase.unit_below(serves_unit.unit_id, h.unit_id, on_date)
            OR aidcase.unit_below(h.unit_id, serves_unit.unit_id, on_date))
       AND (p.level <> 'provider' OR EXISTS (
            SELECT FROM aidcase.provider_contract AS c
             WHERE c.provider_id = h.provider_id AND c.valid @> on_date
               AND aidcase.unit_below(serves_unit.unit_id, c.unit_id, on_date))));
END;
COMMENT ON FUNCTION aidcase.serves_unit(bigint, bigint, date) IS
    '该人该日是否在该单位履职(在岗,或所属服务机构合同有效) / did the person serve the unit on that day: in a post, or for a provider under contract';

-- Responsibility list -----------------------------------------------------

CREATE OR REPLACE FUNCTION aidcase.assign_duty(unit text, duty text, staff_no text, valid_from date, valid_to date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults text[];
    home   bigint;
    person bigint;
    period daterange;
    made   bigint;
BEGIN
    IF isfinite(valid_from) AND coalesce(isfinite(valid_to) AND valid_to >= valid_from, true) THEN
        period := daterange(valid_from, valid_to, '[]');
    END IF;
    SELECT u.unit_id INTO home FROM aidcase.unit AS u WHERE u.unit_code = assign_duty.unit;
    SELECT s.staff_id INTO person FROM aidcase.staff AS s WHERE s.staff_no = assign_duty.staff_no;
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 'unit' AS path, 'is no unit' AS reason WHERE home IS NULL
        UNION ALL
        SELECT 'duty', 'must be one of ' || string_agg(l.code, ', ' ORDER BY l.sort)
          FROM aidcase.label AS l WHERE l.code_set = 'responsibility.duty'
        HAVING NOT coalesce(bool_or(l.code = assign_duty.duty), false)
        UNION ALL
        SELECT 'staff_no', 'is no staff number' WHERE person IS NULL
        UNION ALL
        SELECT 'staff_no', 'holds no post at the unit on the first day'
         WHERE person IS NOT NULL AND home IS NOT NULL AND period IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                            WHERE h.staff_id = person AND h.unit_id = home AND h.valid @> valid_from)
        UNION ALL
        SELECT 'valid_from', 'must be a calendar date' WHERE NOT coalesce(isfinite(valid_from), false)
        UNION ALL
        SELECT 'valid_to', 'is before the first day' WHERE valid_to < valid_from
        UNION ALL
        SELECT 'duty', format('is assigned to this person already, from %s', lower(r.valid))
          FROM aidcase.responsibility AS r
         WHERE r.unit_id = home AND r.duty = assign_duty.duty AND r.staff_id = person AND r.valid && period
      ) AS f;
    PERFORM aidcase.raise_faults('duty', faults,
        'Example: SELECT aidcase.assign_duty(''340705100'', ''acceptance'', ''XH-01'', ''2021-04-02'').');
    INSERT INTO aidcase.responsibility (unit_id, duty, staff_id, valid)
    VALUES (home, assign_duty.duty, person, period)
    RETURNING responsibility_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.assign_duty(text, text, text, date, date) IS
    '责任清单:某人自某日起负责某项工作 / responsibility list: a member of staff answers for a duty at the unit from a day on';

CREATE OR REPLACE FUNCTION aidcase.responsibility_list(on_date date)
RETURNS TABLE (unit_id bigint, unit_code text, duty text, staff_id bigint, staff_no text, name text, since date)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT u.unit_id, u.unit_code, l.code, s.staff_id, s.staff_no, s.name, lower(r.valid)
  FROM aidcase.unit AS u
  JOIN aidcase.unit_period AS p ON p.unit_id = u.unit_id AND p.valid @> on_date
 CROSS JOIN aidcase.label AS l
  LEFT JOIN aidcase.responsibility AS r ON r.unit_id = u.unit_id AND r.duty = l.code AND r.valid @> on_date
  LEFT JOIN aidcase.staff AS s ON s.staff_id = r.staff_id
 WHERE l.code_set = 'responsibility.duty'
   AND (r.responsibility_id IS NOT NULL OR aidcase.unit_level(u.unit_kind) = 'unit');
END;
COMMENT ON FUNCTION aidcase.responsibility_list(date) IS
    '某日的责任清单;无人负责的事项也列出,人员为空 / the responsibility list as of a date; a duty of a unit that nobody answers for is listed without a person';

-- How stable the staff of a unit is: who served there on the first day, who
-- came, who left, and the share that left of all who served.
CREATE OR REPLACE FUNCTION aidcase.turnover(from_date date, to_date date)
RETURNS TABLE (unit_id bigint, unit_code text, at_start bigint, joined bigint, left_unit bigint, at_end bigint, rate numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT w.unit_id, w.unit_code, count(*) FILTER (WHERE w.began), count(*) FILTER (WHERE NOT w.began),
       count(*) FILTER (WHERE NOT w.stays), count(*) FILTER (WHERE w.stays),
       round(count(*) FILTER (WHERE NOT w.stays)::numeric / count(*), 4)
  FROM (SELECT h.unit_id, u.unit_code, h.staff_id, bool_or(h.valid @> from_date) AS began, bool_or(h.valid @> to_date) AS stays
          FROM aidcase.staff_post AS h
          JOIN aidcase.unit AS u ON u.unit_id = h.unit_id
         WHERE h.valid && daterange(from_date, to_date, '[]')
         GROUP BY h.unit_id, u.unit_code, h.staff_id) AS w
 GROUP BY w.unit_id, w.unit_code;
END;
COMMENT ON FUNCTION aidcase.turnover(date, date) IS
    '人员变动:期初、进入、离开、期末人数,rate 为离开人数占期间全部人数的比例 / staff turnover of each unit: at the start, joined, left, at the end; rate = left ÷ all who served in the time';

-- Open work ---------------------------------------------------------------

-- What a member of staff would leave undone at a unit without a post there:
-- of each kind of work, unless another of his posts goes on with it.
CREATE OR REPLACE FUNCTION aidcase.open_work(staff_id bigint, unit_id bigint, post text DEFAULT NULL, on_date date DEFAULT NULL)
RETURNS TABLE (open_work text, subject text, id bigint, what text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    q aidcase.open_work_query;
BEGIN
    FOR q IN
        SELECT w.* FROM aidcase.open_work_query AS w
         WHERE (open_work.post IS NULL OR open_work.post = ANY (w.posts))
           AND NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                            WHERE open_work.post IS NOT NULL
                              AND h.staff_id = open_work.staff_id AND h.unit_id = open_work.unit_id
                              AND h.post <> open_work.post AND h.post = ANY (w.posts)
                              AND h.valid @> coalesce(open_work.on_date, aidcase.today()))
         ORDER BY w.sort, w.open_work
    LOOP
        RETURN QUERY EXECUTE format('SELECT %L::text, f.subject, f.id, f.what FROM %s($1, $2) AS f'
                                    ' ORDER BY f.subject, f.id', q.open_work, q.function_name)
            USING open_work.staff_id, open_work.unit_id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.open_work(bigint, bigint, text, date) IS
    '某人在某单位未了事项;给出岗位则只列该岗位终止后无人接续的 / open work of a member of staff at a unit; with a post, what nobody would go on with once it ends';
REVOKE ALL ON FUNCTION aidcase.open_work(bigint, bigint, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_work(bigint, bigint, text, date)
    TO aidcase_bureau, aidcase_admin, aidcase_inspector;

-- A post with open work does not end, on no path.  Who opens a round shares
-- the row of its handler, so he waits for us or we see his round.
CREATE OR REPLACE FUNCTION aidcase.keep_open_work()
RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    work text[];
    n    integer;
BEGIN
    IF NEW.valid @> OLD.valid THEN
        RETURN NEW;
    END IF;
    PERFORM FROM aidcase.staff AS s WHERE s.staff_id = OLD.staff_id FOR UPDATE;
    SELECT array_agg(w.what), count(*) INTO work, n
      FROM aidcase.open_work(OLD.staff_id, OLD.unit_id, OLD.post, upper(NEW.valid)) AS w;
    IF n > 0 THEN
        RAISE EXCEPTION 'the post cannot end with open work: %', n
            USING ERRCODE = '55000',
                  DETAIL = array_to_string(work[:50], E'\n') || CASE WHEN n > 50 THEN format(E'\nand %s more', n - 50) ELSE '' END,
                  HINT = 'Name a successor in aidcase.end_post(), or call aidcase.hand_over() before.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.keep_open_work() IS
    '触发器:有未了事项的岗位不得结束 / trigger: a post with open work does not end';
REVOKE ALL ON FUNCTION aidcase.keep_open_work() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~3_open_work" BEFORE UPDATE OF valid ON aidcase.staff_post
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_open_work();

-- Passes the open work of one member of staff at a unit to another.
CREATE OR REPLACE FUNCTION aidcase.hand_over(from_staff text, to_staff text, unit text, reason text, on_date date DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults text[];
    giver  bigint;
    taker  bigint;
    home   bigint;
    day    date := coalesce(on_date, aidcase.today());
    q      aidcase.open_work_query;
    n      integer;
    items  integer := 0;
BEGIN
    SELECT s.staff_id INTO giver FROM aidcase.staff AS s WHERE s.staff_no = from_staff;
    SELECT s.staff_id INTO taker FROM aidcase.staff AS s WHERE s.staff_no = to_staff;
    SELECT u.unit_id INTO home FROM aidcase.unit AS u WHERE u.unit_code = hand_over.unit;
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 'from_staff' AS path, 'is no staff number' AS reason WHERE giver IS NULL
        UNION ALL SELECT 'to_staff', 'is no staff number' WHERE taker IS NULL
        UNION ALL SELECT 'to_staff', 'must be somebody else' WHERE giver = taker
        UNION ALL SELECT 'unit', 'is no unit' WHERE home IS NULL
        UNION ALL SELECT 'reason', 'is missing' WHERE coalesce(btrim(reason), '') = ''
        UNION ALL SELECT 'on_date', 'must be a calendar date' WHERE NOT isfinite(day)
        UNION ALL
        SELECT 'to_staff', format('holds none of the posts %s at the unit on %s', array_to_string(w.posts, ', '), day)
          FROM aidcase.open_work_query AS w
         WHERE giver <> taker AND home IS NOT NULL AND isfinite(day)
           AND w.open_work IN (SELECT o.open_work FROM aidcase.open_work(giver, home) AS o)
           AND NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                            WHERE h.staff_id = taker AND h.unit_id = home AND h.post = ANY (w.posts) AND h.valid @> day)
        UNION ALL
        SELECT 'to_staff', format('can take nothing over of %s', w.label_en)
          FROM aidcase.open_work_query AS w
         WHERE w.hand_over_function IS NULL
           AND w.open_work IN (SELECT o.open_work FROM aidcase.open_work(giver, home) AS o)
      ) AS f;
    PERFORM aidcase.raise_faults('hand-over of work', faults,
        'Example: SELECT aidcase.hand_over(''XH-01'', ''XH-02'', ''340705100'', ''调离'').');
    FOR q IN
        SELECT w.* FROM aidcase.open_work_query AS w
         WHERE w.hand_over_function IS NOT NULL ORDER BY w.sort, w.open_work
    LOOP
        EXECUTE format('SELECT %s($1, $2, $3, $4)', q.hand_over_function) INTO n USING giver, taker, home, day;
        items := items + n;
    END LOOP;
    INSERT INTO aidcase.work_handover (unit_id, from_staff_id, to_staff_id, handed_on, items, reason)
    VALUES (home, giver, taker, day, items, hand_over.reason);
    RETURN items;
END
$$;
COMMENT ON FUNCTION aidcase.hand_over(text, text, text, text, date) IS
    '把某人在某单位的未了事项移交他人,返回件数 / passes the open work of one member of staff at a unit to another; returns how many items';
REVOKE ALL ON FUNCTION aidcase.hand_over(text, text, text, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.hand_over(text, text, text, text, date) TO aidcase_bureau, aidcase_admin;

CREATE OR REPLACE FUNCTION aidcase.end_post(staff_no text, unit text, post text, on_date date, successor text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    ending bigint;
BEGIN
    SELECT h.staff_post_id INTO ending
      FROM aidcase.staff_post AS h
      JOIN aidcase.staff AS s ON s.staff_id = h.staff_id
      JOIN aidcase.unit AS u ON u.unit_id = h.unit_id
     WHERE s.staff_no = end_post.staff_no AND u.unit_code = end_post.unit AND h.post = end_post.post
       AND h.valid @> on_date AND lower(h.valid) < on_date AND isfinite(on_date);
    IF ending IS NULL THEN
        RAISE EXCEPTION 'there is no such post to end'
            USING ERRCODE = '22023',
                  DETAIL = format('Staff number %s has no post %s at unit %s that began before %s and is in force on that day.',
                                  coalesce(quote_ident(end_post.staff_no), 'NULL'), coalesce(quote_ident(end_post.post), 'NULL'),
                                  coalesce(quote_ident(end_post.unit), 'NULL'), coalesce(on_date::text, 'NULL')),
                  HINT = 'The date is the first day without the post. The posts are in table aidcase.staff_post.';
    END IF;
    IF successor IS NOT NULL THEN
        PERFORM aidcase.hand_over(end_post.staff_no, successor, end_post.unit,
                                  format('end of post %s on %s', end_post.post, on_date), on_date);
    END IF;
    UPDATE aidcase.staff_post AS h
       SET valid = daterange(lower(h.valid), on_date)
     WHERE h.staff_post_id = ending;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied to end the post'
            USING ERRCODE = '42501', HINT = 'The bureau and administrators end posts.';
    END IF;
    -- nobody answers for a duty or sits in the group of a unit where he has
    -- no post any more
    UPDATE aidcase.review_group_member AS m
       SET valid = daterange(lower(m.valid), on_date)
      FROM aidcase.staff_post AS e, aidcase.review_group AS g
     WHERE e.staff_post_id = ending AND m.staff_id = e.staff_id AND g.group_id = m.group_id AND g.unit_id = e.unit_id
       AND m.valid @> on_date AND lower(m.valid) < on_date
       AND NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                        WHERE h.staff_id = e.staff_id AND h.unit_id = e.unit_id AND h.valid @> on_date);
    UPDATE aidcase.responsibility AS r
       SET valid = daterange(lower(r.valid), on_date)
      FROM aidcase.staff_post AS e
     WHERE e.staff_post_id = ending AND r.staff_id = e.staff_id AND r.unit_id = e.unit_id
       AND r.valid @> on_date AND lower(r.valid) < on_date
       AND NOT EXISTS (SELECT FROM aidcase.staff_post AS h
                        WHERE h.staff_id = e.staff_id AND h.unit_id = e.unit_id AND h.valid @> on_date);
    RETURN ending;
END
$$;
COMMENT ON FUNCTION aidcase.end_post(text, text, text, date, text) IS
    '结束岗位,on_date 为不再任职的第一天;有未了事项时须指定接任人 / ends a post; on_date is the first day without it; with open work a successor takes it over, or the end is refused with the list';

-- Delegations -----------------------------------------------------------

CREATE OR REPLACE FUNCTION aidcase.delegate(
    unit        text,
    programmes  text[],
    valid_from  date,
    document_no text,
    pilot       boolean DEFAULT false,
    valid_to    date DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults  text[];
    period  daterange;
    trustee bigint;
    kind    text;
    legal   aidcase.policy_document;
BEGIN
    IF isfinite(valid_from) AND coalesce(isfinite(valid_to) AND valid_to >= valid_from, true) THEN
        period := daterange(valid_from, valid_to, '[]');
    END IF;
    SELECT u.unit_id, u.unit_kind INTO trustee, kind FROM aidcase.unit AS u WHERE u.unit_code = delegate.unit;
    SELECT d.* INTO legal FROM aidcase.policy_document AS d WHERE d.doc_no = document_no;

    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 'unit' AS path, 'is no unit' AS reason WHERE trustee IS NULL
        UNION ALL
        SELECT 'unit', 'must be a town, office, directly administered community or zone'
         WHERE aidcase.unit_level(kind) <> 'unit'
        UNION ALL
        SELECT 'programmes', 'is missing' WHERE coalesce(cardinality(programmes), 0) = 0
        UNION ALL
        SELECT format('programmes[%s]', p.n - 1),
               'must be one of ' || (SELECT string_agg(k.programme, ', ' ORDER BY k.sort) FROM aidcase.programme AS k)
          FROM unnest(programmes) WITH ORDINALITY AS p (programme, n)
         WHERE NOT EXISTS (SELECT FROM aidcase.programme AS k WHERE k.programme = p.programme)
        UNION ALL
        SELECT format('programmes[%s]', p.n - 1), 'is listed twice'
          FROM unnest(programmes) WITH ORDINALITY AS p (programme, n)
         WHERE p.programme = ANY (programmes[:p.n - 1])
        UNION ALL
        SELECT format('programmes[%s]', p.n - 1), format('is entrusted to this unit already, from %s to %s',
                      lower(d.valid), coalesce((upper(d.valid) - 1)::text, 'further notice'))
          FROM unnest(programmes) WITH ORDINALITY AS p (programme, n)
          JOIN aidcase.delegation AS d ON d.unit_id = trustee AND d.programme = p.programme AND d.valid && period
        UNION ALL
        SELECT 'valid_from', 'is missing' WHERE valid_from IS NULL
        UNION ALL
        SELECT 'valid_from', 'must be a calendar date' WHERE NOT isfinite(valid_from)
        UNION ALL
        SELECT 'valid_to', 'must be a calendar date; leave it out for no end' WHERE NOT isfinite(valid_to)
        UNION ALL
        SELECT 'valid_to', 'is before the first day' WHERE valid_to < valid_from
        UNION ALL
        SELECT 'document_no', 'is no document of table policy_document' WHERE legal.document_id IS NULL
        UNION ALL
        SELECT 'document_no', 'is not in force on the first day' WHERE NOT legal.in_force @> valid_from
        UNION ALL
        SELECT 'pilot', 'is missing' WHERE pilot IS NULL
      ) AS f;
    PERFORM aidcase.raise_faults('delegation', faults,
        'Example: SELECT aidcase.delegate(''340705100'', ''{dibao,tekun}'', ''2021-04-02'', ''办发〔2021〕15号'').');

    RETURN QUERY
    INSERT INTO aidcase.delegation (unit_id, programme, valid, entrusted_by, document_id, pilot)
    SELECT trustee, p.programme, period, aidcase.district_id(), legal.document_id, delegate.pilot
      FROM unnest(programmes) WITH ORDINALITY AS p (programme, n)
     ORDER BY p.n
    RETURNING delegation_id;
END
$$;
COMMENT ON FUNCTION aidcase.delegate(text, text[], date, text, boolean, date) IS
    '委托审核确认:由区委托单位,注明文件;valid_to 为最后一天 / entrusts programmes to a unit under a document; valid_to is the last day';

-- Review groups ---------------------------------------------------------

-- A new group of a unit ends the former one.
CREATE OR REPLACE FUNCTION aidcase.make_review_group(unit text, name text, valid_from date, members jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    doc     CONSTANT jsonb := jsonb_build_object('unit', make_review_group.unit, 'name', make_review_group.name,
                                                 'valid_from', valid_from, 'members', members);
    faults  text[];
    home    bigint;
    kind    text;
    made    bigint;
BEGIN
    SELECT u.unit_id, u.unit_kind INTO home, kind FROM aidcase.unit AS u WHERE u.unit_code = make_review_group.unit;

    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        WITH listed AS (
            SELECT format('members[%s]', l.n) AS path, l.n, l.item ->> 'staff' AS staff_no,
                   coalesce(l.item -> 'counts_to_quorum', 'true') = 'true' AS counts, s.staff_id, s.employed
              FROM aidcase.listed(doc, 'members') AS l
              LEFT JOIN aidcase.staff AS s ON s.staff_no = l.item ->> 'staff')
        SELECT f.path, f.reason
          FROM aidcase.document_faults(doc, '{
            "type": "object", "required": ["unit", "name", "valid_from", "members"],
            "properties": {
                "unit": {"type": "string"},
                "name": {"type": "string", "maxLength": 100},
                "valid_from": {"type": "string", "format": "date"},
                "members": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
                    "type": "object", "required": ["staff", "capacity"],
                    "properties": {
                        "staff": {"type": "string"},
                        "capacity": {"type": "string", "pattern": "^(party_lead|government_lead|department|clerk)$",
                                     "form": "must be one of party_lead, government_lead, department, clerk"},
                        "counts_to_quorum": {"type": "boolean"}}}}}}') AS f
        UNION ALL
        SELECT 'unit', 'is no unit' WHERE home IS NULL AND make_review_group.unit IS NOT NULL
        UNION ALL
        SELECT 'unit', 'is a committee, which has no review group' WHERE aidcase.unit_level(kind) = 'village'
        UNION ALL
        SELECT 'valid_from', format('must be after %s, when the present group began', lower(g.valid))
          FROM aidcase.review_group AS g
         WHERE g.unit_id = home AND lower(g.valid) >= valid_from
        UNION ALL
        SELECT 'members', 'has nobody who counts to the quorum'
         WHERE EXISTS (SELECT FROM listed) AND NOT EXISTS (SELECT FROM listed AS l WHERE l.counts)
        UNION ALL
        SELECT l.path || '.staff', 'is no staff number'
          FROM listed AS l WHERE l.staff_no IS NOT NULL AND l.staff_id IS NULL
        UNION ALL
        SELECT l.path || '.staff', 'is not employed on the first day'
          FROM listed AS l WHERE NOT l.employed @> valid_from
        UNION ALL
        SELECT l.path || '.staff', 'is listed twice'
          FROM listed AS l WHERE EXISTS (SELECT FROM listed AS b WHERE b.n < l.n AND b.staff_no = l.staff_no)
      ) AS f;
    PERFORM aidcase.raise_faults('review group', faults,
        'Members are a list of {"staff": "<staff_no>", "capacity": "party_lead", "counts_to_quorum": true}.');

    UPDATE aidcase.review_group_member AS m
       SET valid = daterange(lower(m.valid), valid_from)
      FROM aidcase.review_group AS g
     WHERE g.unit_id = home AND m.group_id = g.group_id
       AND m.valid @> valid_from AND lower(m.valid) < valid_from;
    UPDATE aidcase.review_group AS g
       SET valid = daterange(lower(g.valid), valid_from)
     WHERE g.unit_id = home AND g.valid @> valid_from;

    INSERT INTO aidcase.review_group (unit_id, name, valid)
    VALUES (home, make_review_group.name, daterange(valid_from, NULL))
    RETURNING group_id INTO made;
    INSERT INTO aidcase.review_group_member (group_id, staff_id, capacity, counts_to_quorum, valid)
    SELECT made, s.staff_id, e.value ->> 'capacity',
           coalesce((e.value ->> 'counts_to_quorum')::boolean, true), daterange(valid_from, NULL)
      FROM jsonb_array_elements(members) WITH ORDINALITY AS e
      JOIN aidcase.staff AS s ON s.staff_no = e.value ->> 'staff'
     ORDER BY e.ordinality;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.make_review_group(text, text, date, jsonb) IS
    '成立联审联批小组,原小组同日终止 / makes the joint review group of a unit; the former one ends on that day';

-- comments: 30_organisation
