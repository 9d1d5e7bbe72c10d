/*
 * casework: an application as one document, the day's verbs, the file.
 *
 * Verbs are conveniences: they check a document, tell all its faults at once
 * (ZA007) and write with the caller's rights over the same tables and
 * triggers as everybody else.  No rule of the procedure lives here; what an
 * application still lacks (commitment, authorisations) is told by the guards
 * when it is accepted.
 */

-- The member of staff behind the session, or an error.
CREATE OR REPLACE FUNCTION aidcase.acting_staff() RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
    staff_id bigint := aidcase.current_staff();
BEGIN
    IF staff_id IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005',
                  DETAIL = 'What is written needs a member of staff who did it.',
                  HINT = 'Give the login to a member of staff with enrol_staff(), or call act_as() in the same transaction.';
    END IF;
    RETURN staff_id;
END
$$;
COMMENT ON FUNCTION aidcase.acting_staff() IS
    '当前经办人,没有则报错 ZA005 / who acts in this session; error ZA005 when there is nobody';

-- What file_case() tells about a document holds for the table too.
CREATE OR REPLACE FUNCTION aidcase.refuse_loss() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM aidcase.income_kind AS k
                WHERE k.income_kind = NEW.income_kind AND k.category <> 'business') THEN
        RAISE EXCEPTION 'an income of kind "%" must not be negative', NEW.income_kind
            USING ERRCODE = '23514',
                  DETAIL = 'Only business can make a loss.',
                  HINT = 'Enter what was received; necessary costs are items of table "aidcase.expense_item".';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.refuse_loss() IS
    '触发器:除经营收入外,收入不得为负 / trigger: only an income from business may be negative';
CREATE OR REPLACE TRIGGER "~1_loss" BEFORE INSERT OR UPDATE ON aidcase.income_item
    FOR EACH ROW WHEN (NEW.amount < 0) EXECUTE FUNCTION aidcase.refuse_loss();

-- ---------------------------------------------------------------------
-- An application

-- The shape of the document.  The Chinese and English descriptions and the
-- "$ref"s are for readers of file_case_schema().
CREATE OR REPLACE FUNCTION aidcase.file_case_shape() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $shape$
SELECT $json${
"$schema": "https://json-schema.org/draft/2020-12/schema",
"title": "救助申请 / application for social assistance",
"type": "object", "additionalProperties": false,
"required": ["unit", "village", "residence", "channel", "members"],
"properties": {
  "outside_key": {"type": "string", "maxLength": 200, "description": "窗口系统中的申请编号,重复提交时返回同一档案 / key of the application in the counter system; the same key with the same document returns the same case"},
  "kind": {"type": "string", "pattern": "^(application|emergency)$", "form": "must be \"application\" or \"emergency\"", "enum": ["application", "emergency"], "default": "application", "description": "申请类别:application 一般申请,emergency 急难临时救助 (材料可后补) / kind: ordinary application, or emergency whose papers may follow"},
  "case_no": {"type": "string", "maxLength": 40, "description": "本户已有档案时的档案号 (一户一档) / number of the household's case, when it has one"},
  "unit": {"type": "string", "maxLength": 12, "description": "受理镇办社区的统计区划代码,9 位 / code of the town, office or community, 9 digits"},
  "village": {"type": "string", "maxLength": 12, "description": "居住地村居委会代码,12 位 / code of the village or residents' committee of residence, 12 digits"},
  "residence": {"type": "string", "codes": "aid_case.residence", "$ref": "#/$defs/aid_case.residence", "description": "城乡属性 / urban or rural household"},
  "address": {"type": "string", "maxLength": 300, "description": "家庭住址 / address"},
  "phone": {"type": "string", "maxLength": 40, "description": "联系电话 / telephone"},
  "channel": {"type": "string", "codes": "case_round.channel", "$ref": "#/$defs/case_round.channel", "description": "受理渠道 / channel"},
  "finder": {"type": "string", "maxLength": 200, "description": "主动发现人 / who found the need"},
  "first_contact_at": {"type": "string", "format": "date-time", "past": true, "description": "首次接触时间,默认为现在 / first contact; now when absent"},
  "occurred_at": {"type": "string", "format": "date-time", "past": true, "description": "登记时间,默认为现在 / when the application was filed; now when absent"},
  "handler": {"type": "string", "maxLength": 40, "description": "经办人工号,默认为当前经办人 / staff number of the handling officer; whoever files when absent"},
  "transfer": {"type": "boolean", "default": false, "description": "村居不属受理单位时,受理后移送该村居所属单位 / the village lies under another unit: take the application and pass it to that unit"},
  "agent": {"type": "object", "additionalProperties": false, "description": "代为申请人及委托书 / who files for the applicant, with the signed mandate",
    "required": ["kind", "name", "text_version", "signed_on", "sha256"],
    "properties": {
      "kind": {"type": "string", "codes": "applicant_agent.kind", "$ref": "#/$defs/applicant_agent.kind", "description": "代办人类别 / kind of agent"},
      "name": {"type": "string", "maxLength": 100, "description": "姓名 / name"},
      "citizen_id": {"type": "string", "format": "citizen-id", "description": "公民身份号码 / citizen number"},
      "staff": {"type": "string", "maxLength": 40, "description": "代办人工号 (村居委会、经办单位人员必填) / staff number; needed for committee and staff"},
      "phone": {"type": "string", "maxLength": 40, "description": "联系电话 / telephone"},
      "text_version": {"type": "string", "maxLength": 60, "description": "委托书版本 / version of the mandate's text"},
      "signed_on": {"type": "string", "format": "date", "past": true, "description": "签署日期 / date of signing"},
      "sha256": {"type": "string", "format": "sha256", "description": "委托书扫描的 SHA-256 / SHA-256 of the signed scan"}}},
  "members": {"type": "array", "minItems": 1, "maxItems": 40, "description": "共同生活家庭成员 / co-living family members",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["key", "name", "relation", "work_ability"],
      "properties": {
        "key": {"type": "string", "maxLength": 40, "description": "本文档内引用该成员的键 / key by which this document refers to the member"},
        "name": {"type": "string", "maxLength": 100, "description": "姓名 / name"},
        "citizen_id": {"type": "string", "format": "citizen-id", "description": "公民身份号码,尚无号码者可缺 / citizen number; absent when the person has none yet"},
        "birth_date": {"type": "string", "format": "date", "past": true, "description": "出生日期,有号码时可缺 / date of birth; may be absent beside a citizen number"},
        "sex": {"type": "string", "codes": "case_member.sex", "$ref": "#/$defs/case_member.sex", "description": "性别,有号码时可缺 / sex; may be absent beside a citizen number"},
        "relation": {"type": "string", "codes": "case_member.relation", "$ref": "#/$defs/case_member.relation", "description": "与户主关系 / relation to the head"},
        "applicant": {"type": "boolean", "default": false, "description": "是否申请人,恰有一人 / is the applicant: exactly one member"},
        "counted": {"type": "boolean", "default": true, "description": "是否计入共同生活成员 / counts as a member"},
        "not_counted_reason": {"type": "string", "maxLength": 300, "description": "人工决定不计入的原因 / why the person does not count, where somebody decides so by hand"},
        "situation": {"type": "string", "maxLength": 60, "$ref": "#/$defs/member_situation", "description": "影响是否计入的情形 / situation that decides whether the person counts"},
        "situation_since": {"type": "string", "format": "date", "past": true, "description": "该情形自何日起 / day since which it holds"},
        "no_obligor_here": {"type": "boolean", "default": false, "description": "共同生活的人中无其法定义务人 / nobody the person lives with owes support by law"},
        "count_exception": {"type": "string", "maxLength": 300, "description": "不按规则而人工决定的理由 / why somebody decides by hand, against the rule"},
        "work_ability": {"type": "string", "codes": "case_member.work_ability", "$ref": "#/$defs/case_member.work_ability", "description": "劳动能力 / ability to work"},
        "health": {"type": "string", "codes": "case_member.health", "$ref": "#/$defs/case_member.health", "default": "good", "description": "健康状况 / health"},
        "disability_kind": {"type": "string", "codes": "case_member.disability_kind", "$ref": "#/$defs/case_member.disability_kind", "description": "残疾类别 / kind of disability"},
        "disability_level": {"type": "integer", "minimum": 1, "maximum": 4, "description": "残疾等级,1 最重 / level of disability, 1 = severest"},
        "education": {"type": "string", "maxLength": 100, "description": "文化程度 / education"},
        "occupation": {"type": "string", "maxLength": 100, "description": "职业 / occupation"},
        "official_kin": {"type": "string", "codes": "case_member.official_kin", "$ref": "#/$defs/case_member.official_kin", "default": "not_stated", "description": "本人声明与经办人员、公职人员有无近亲属关系 / own statement of kinship with staff or officials"}}}},
  "obligors": {"type": "array", "maxItems": 40, "description": "不共同生活的法定赡养抚养扶养义务人 / legal obligors who live elsewhere",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["name", "relation", "household_size", "annual_income", "persons_supported"],
      "properties": {
        "key": {"type": "string", "maxLength": 40, "description": "本文档内引用该义务人的键 / key by which this document refers to the obligor"},
        "name": {"type": "string", "maxLength": 100, "description": "姓名 / name"},
        "citizen_id": {"type": "string", "format": "citizen-id", "description": "公民身份号码 / citizen number"},
        "relation": {"type": "string", "codes": "obligor.relation", "$ref": "#/$defs/obligor.relation", "description": "与被赡养抚养扶养人关系 / what the obligor is to the person supported"},
        "household_size": {"type": "integer", "minimum": 1, "maximum": 99, "description": "义务人家庭人数 / persons in the obligor's household"},
        "annual_income": {"type": ["string", "number"], "format": "signed-yuan", "description": "义务人家庭年收入 (元) / yearly income of the obligor's household, yuan"},
        "persons_supported": {"type": "integer", "minimum": 1, "maximum": 99, "description": "义务人应供养人数 / persons whom the obligor has to support"},
        "paid_monthly": {"type": ["string", "number"], "format": "yuan", "default": "0", "description": "实际每月支付 (元) / paid in fact, yuan a month"},
        "able": {"type": "boolean", "default": true, "description": "是否有履行能力,否为人工认定无能力 / is able to pay; false: somebody found that he is not"},
        "obligor_state": {"type": "string", "maxLength": 60, "$ref": "#/$defs/obligor_state", "description": "可能无履行能力的状态 / state in which he may be unable"},
        "low_property": {"type": "boolean", "description": "财产是否符合低收入家庭规定 / property within the limits of a low-income household"}}}},
  "income": {"type": "array", "maxItems": 400, "description": "收入 / income",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["member", "kind", "amount", "basis"],
      "properties": {
        "member": {"type": "string", "maxLength": 40, "description": "成员键 / key of the member"},
        "kind": {"type": "string", "maxLength": 60, "$ref": "#/$defs/income_kind", "description": "收入项目 / kind of income"},
        "amount": {"type": ["string", "number"], "format": "signed-yuan", "description": "金额 (元),经营收入可为负 / amount in yuan; that of business may be negative"},
        "basis": {"type": "string", "codes": "income_item.basis", "$ref": "#/$defs/income_item.basis", "description": "按月或近 12 个月 / a month, or the last 12 months"},
        "source": {"type": "string", "codes": "income_item.source", "$ref": "#/$defs/income_item.source", "default": "declared", "description": "申报或核实 / declared or verified"},
        "evidence": {"type": "string", "maxLength": 500, "description": "依据 / evidence"}}}},
  "property": {"type": "array", "maxItems": 400, "description": "家庭财产 / property",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["member", "kind", "value"],
      "properties": {
        "member": {"type": "string", "maxLength": 40, "description": "成员键 / key of the member"},
        "kind": {"type": "string", "maxLength": 60, "$ref": "#/$defs/property_kind", "description": "财产项目 / kind of property"},
        "value": {"type": ["string", "number"], "format": "yuan", "description": "价值 (元) / value in yuan"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 9999, "default": 1, "description": "数量 / number of things"},
        "exempt_reason": {"type": "string", "maxLength": 300, "description": "豁免原因 / why it is exempt"},
        "source": {"type": "string", "codes": "property_item.source", "$ref": "#/$defs/property_item.source", "default": "declared", "description": "申报或核实 / declared or verified"},
        "evidence": {"type": "string", "maxLength": 500, "description": "依据 / evidence"}}}},
  "expenses": {"type": "array", "maxItems": 400, "description": "刚性支出 / rigid expenses",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["member", "kind", "amount", "basis"],
      "properties": {
        "member": {"type": "string", "maxLength": 40, "description": "成员键 / key of the member"},
        "kind": {"type": "string", "maxLength": 60, "$ref": "#/$defs/expense_kind", "description": "支出项目 / kind of expense"},
        "amount": {"type": ["string", "number"], "format": "yuan", "description": "金额 (元) / amount in yuan"},
        "basis": {"type": "string", "codes": "expense_item.basis", "$ref": "#/$defs/expense_item.basis", "description": "按月或近 12 个月 / a month, or the last 12 months"},
        "source": {"type": "string", "codes": "expense_item.source", "$ref": "#/$defs/expense_item.source", "default": "declared", "description": "申报或核实 / declared or verified"},
        "evidence": {"type": "string", "maxLength": 500, "description": "依据 / evidence"}}}},
  "causes": {"type": "array", "maxItems": 20, "description": "致困原因 / causes of hardship",
    "items": {"type": "string", "codes": "case_cause.cause", "$ref": "#/$defs/case_cause.cause"}},
  "commitment": {"type": "object", "additionalProperties": false, "description": "申请人承诺 / the applicant's signed commitment",
    "required": ["member", "text_version", "signed_on", "sha256"],
    "properties": {
      "member": {"type": "string", "maxLength": 40, "description": "签署成员键 / key of the member who signed"},
      "text_version": {"type": "string", "maxLength": 60, "description": "承诺书版本 / version of the text"},
      "signed_on": {"type": "string", "format": "date", "past": true, "description": "签署日期 / date of signing"},
      "sha256": {"type": "string", "format": "sha256", "description": "签署件扫描的 SHA-256 / SHA-256 of the signed scan"}}},
  "authorisations": {"type": "array", "maxItems": 100, "description": "经济状况核对授权 / authorisations for checks",
    "items": {"type": "object", "additionalProperties": false,
      "required": ["text_version", "signed_on", "valid_until", "sha256"],
      "properties": {
        "member": {"type": "string", "maxLength": 40, "description": "授权成员键 / key of the member who authorises"},
        "obligor": {"type": "string", "maxLength": 40, "description": "授权义务人键 / key of the obligor who authorises"},
        "text_version": {"type": "string", "maxLength": 60, "description": "授权书版本 / version of the text"},
        "signed_on": {"type": "string", "format": "date", "past": true, "description": "签署日期 / date of signing"},
        "valid_until": {"type": "string", "format": "date", "description": "有效期至 (含) / last day of validity"},
        "sha256": {"type": "string", "format": "sha256", "description": "签署件扫描的 SHA-256 / SHA-256 of the signed scan"}}}},
  "payee": {"type": "object", "additionalProperties": false, "description": "收款账户 / account of the payee",
    "required": ["kind", "holder_name", "bank", "account_no"],
    "properties": {
      "kind": {"type": "string", "codes": "payee_account.kind", "$ref": "#/$defs/payee_account.kind", "description": "账户类别 / kind of holder"},
      "holder_name": {"type": "string", "maxLength": 100, "description": "户名 / name of the holder"},
      "holder_citizen_id": {"type": "string", "format": "citizen-id", "description": "持有人公民身份号码 / citizen number of the holder"},
      "bank": {"type": "string", "maxLength": 100, "description": "开户银行 / bank"},
      "account_no": {"type": "string", "pattern": "^[0-9]{12,21}$", "form": "must have 12 to 21 digits", "description": "账号 / account number"},
      "evidence": {"type": "string", "maxLength": 500, "description": "依据 (更换账户时必填) / evidence; needed for a change"},
      "keeper": {"type": "string", "maxLength": 100, "description": "代管存折或卡的人 / who keeps the card for the household"},
      "keeper_staff": {"type": "string", "maxLength": 40, "description": "代管人为工作人员时的工号 / staff number of the keeper, when it is a member of staff"},
      "agreement_no": {"type": "string", "maxLength": 100, "description": "代管协议编号 / number of the agreement with the keeper"},
      "agreement_sha256": {"type": "string", "format": "sha256", "description": "代管协议扫描的 SHA-256 / SHA-256 of the scanned agreement"}}}
}}$json$::jsonb
$shape$;
COMMENT ON FUNCTION aidcase.file_case_shape() IS
    '内部:申请文档的形状 / internal: the shape of the document of file_case()';

-- The shape with the codes that this register knows, as JSON Schema.
CREATE OR REPLACE FUNCTION aidcase.file_case_schema() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape jsonb := aidcase.file_case_shape();
    definitions jsonb;
BEGIN
    WITH code (code_set, code, zh, en, sort) AS (
        SELECT b.code_set, b.code, b.zh, b.en, b.sort FROM aidcase.label AS b
        UNION ALL
        SELECT 'income_kind', k.income_kind, k.label_zh, k.label_en, k.sort FROM aidcase.income_kind AS k
        UNION ALL
        SELECT 'property_kind', k.property_kind, k.label_zh, k.label_en, k.sort FROM aidcase.property_kind AS k
        UNION ALL
        SELECT 'expense_kind', k.expense_kind, k.label_zh, k.label_en, k.sort FROM aidcase.expense_kind AS k
        UNION ALL
        SELECT 'obligor_state', k.obligor_state, k.label_zh, k.label_en, k.sort FROM aidcase.obligor_state AS k WHERE k.stated
        UNION ALL
        SELECT 'member_situation', k.situation, k.label_zh, k.label_en, k.sort FROM aidcase.member_situation AS k
    )
    SELECT jsonb_object_agg(s.code_set, jsonb_build_object('oneOf', s.codes)) INTO definitions
      FROM (SELECT c.code_set,
                   jsonb_agg(jsonb_build_object('const', c.code, 'title', c.zh || ' / ' || c.en)
                             ORDER BY c.sort, c.code COLLATE "C") AS codes
              FROM code AS c
             WHERE c.code_set IN (SELECT split_part(r #>> '{}', '$defs/', 2)
                                    FROM jsonb_path_query(shape, 'strict $.**."$ref"', silent => true) AS r)
             GROUP BY c.code_set) AS s;
    RETURN shape || jsonb_build_object('$defs', coalesce(definitions, '{}'));
END
$$;
COMMENT ON FUNCTION aidcase.file_case_schema() IS
    '申请文档的 JSON Schema (2020-12),中英文说明,含本库代码 / JSON Schema of the document of file_case(), described in Chinese and English, with the codes of this register';

-- All faults of an application; also a dry run of file_case().
CREATE OR REPLACE FUNCTION aidcase.file_case_faults(doc jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    the_day date := aidcase.today();
BEGIN
    RETURN QUERY
    WITH member AS MATERIALIZED (
        SELECT i.n, 'members[' || i.n || ']' AS path, i.item ->> 'key' AS key,
               aidcase.citizen(i.item ->> 'citizen_id') AS citizen_id,
               i.item ->> 'citizen_id' AS given_id, i.item ->> 'name' AS name,
               aidcase.iso_date(i.item ->> 'birth_date') AS birth_date, i.item ->> 'sex' AS sex,
               i.item ->> 'relation' AS relation, i.item -> 'applicant' = 'true' AS applicant,
               coalesce(i.item -> 'counted' = 'false', false) AS left_out,
               i.item ->> 'not_counted_reason' AS left_out_reason,
               i.item ->> 'disability_kind' AS disability_kind,
               i.item ->> 'disability_level' AS disability_level,
               i.item ->> 'situation' AS situation, i.item ->> 'situation_since' AS situation_since
          FROM aidcase.listed(doc, 'members') AS i
    ), obligor AS MATERIALIZED (
        SELECT i.n, 'obligors[' || i.n || ']' AS path, i.item ->> 'key' AS key,
               aidcase.citizen(i.item ->> 'citizen_id') AS citizen_id, i.item ->> 'obligor_state' AS obligor_state
          FROM aidcase.listed(doc, 'obligors') AS i
    ), item AS MATERIALIZED (
        SELECT 'income' AS list, 'income[' || i.n || ']' AS path, i.item FROM aidcase.listed(doc, 'income') AS i
        UNION ALL
        SELECT 'property', 'property[' || i.n || ']', i.item FROM aidcase.listed(doc, 'property') AS i
        UNION ALL
        SELECT 'expense', 'expenses[' || i.n || ']', i.item FROM aidcase.listed(doc, 'expenses') AS i
        UNION ALL
        SELECT 'authorisation', 'authorisations[' || i.n || ']', i.item FROM aidcase.listed(doc, 'authorisations') AS i
        UNION ALL
        SELECT 'commitment', 'commitment', doc -> 'commitment' WHERE jsonb_typeof(doc -> 'commitment') = 'object'
    ), place AS MATERIALIZED (
        SELECT (SELECT u.unit_id FROM aidcase.unit AS u
                 WHERE u.unit_code = doc ->> 'unit' AND aidcase.unit_level(u.unit_kind) = 'unit') AS unit_id,
               (SELECT u.unit_id FROM aidcase.unit AS u
                 WHERE u.unit_code = doc ->> 'village' AND aidcase.unit_level(u.unit_kind) = 'village') AS village_id,
               CASE WHEN doc ->> 'handler' IS NULL THEN aidcase.current_staff()
                    ELSE (SELECT s.staff_id FROM aidcase.staff AS s
                           WHERE s.staff_no = doc ->> 'handler' AND s.employed @> the_day) END AS handler_id,
               aidcase.iso_timestamp(doc ->> 'first_contact_at') AS contact_at,
               aidcase.iso_timestamp(doc ->> 'occurred_at') AS occurred_at
    )
    SELECT f.path, f.reason FROM aidcase.document_faults(doc, aidcase.file_case_shape()) AS f

    -- where, and who handles it
    UNION ALL
    SELECT 'unit', 'is no town, office or directly administered community of this register'
      FROM place AS p WHERE p.unit_id IS NULL AND jsonb_typeof(doc -> 'unit') = 'string'
    UNION ALL
    SELECT 'village', CASE WHEN p.village_id IS NULL
                           THEN 'is no village or residents'' committee of this register'
                           ELSE 'does not lie below the unit' END
      FROM place AS p
     WHERE jsonb_typeof(doc -> 'village') = 'string'
       AND (p.village_id IS NULL
            OR p.unit_id IS NOT NULL AND doc ->> 'kind' IS DISTINCT FROM 'emergency'
               AND doc -> 'transfer' IS DISTINCT FROM 'true'
               AND NOT aidcase.unit_below(p.village_id, p.unit_id, the_day))
    UNION ALL
    SELECT 'transfer', 'goes with a new application and a village of another unit only'
      FROM place AS p
     WHERE doc -> 'transfer' = 'true'
       AND (doc ->> 'kind' = 'emergency' OR doc ->> 'case_no' IS NOT NULL
            OR aidcase.unit_below(p.village_id, p.unit_id, the_day))
    UNION ALL
    SELECT 'finder', 'is missing: active discovery has somebody who found the need'
     WHERE doc ->> 'channel' = 'discovered' AND doc ->> 'finder' IS NULL
    UNION ALL
    SELECT 'agent.staff', CASE WHEN doc #>> '{agent,staff}' IS NULL THEN 'is missing for a member of a committee or of staff'
                               ELSE 'is no member of staff at present' END
     WHERE jsonb_typeof(doc -> 'agent') = 'object'
       AND CASE WHEN doc #>> '{agent,staff}' IS NULL THEN doc #>> '{agent,kind}' IN ('committee', 'staff')
                ELSE NOT EXISTS (SELECT FROM aidcase.staff AS s
                                  WHERE s.staff_no = doc #>> '{agent,staff}' AND s.employed @> the_day) END
    UNION ALL
    SELECT 'agent.citizen_id', 'is a member of the household; name the applicant among the members'
      FROM member AS m WHERE m.citizen_id = aidcase.citizen(doc #>> '{agent,citizen_id}')
    UNION ALL
    SELECT 'handler', CASE WHEN p.handler_id IS NOT NULL THEN 'holds no post at the unit or above it'
                           WHEN doc ->> 'handler' IS NULL THEN 'is missing'
                           ELSE 'is no member of staff at present' END
      FROM place AS p
     WHERE coalesce(jsonb_typeof(doc -> 'handler'), 'null') IN ('string', 'null')
       AND jsonb_typeof(doc) = 'object'
       AND (p.handler_id IS NULL
            OR p.unit_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM aidcase.staff_post AS sp
                                WHERE sp.staff_id = p.handler_id AND sp.valid @> the_day
                                  AND aidcase.unit_below(p.unit_id, sp.unit_id, the_day)))
    UNION ALL
    SELECT 'case_no', CASE WHEN c.case_id IS NULL THEN 'is no case of your units'
                           ELSE 'is the case of another unit; it must be transferred first' END
      FROM place AS p
      LEFT JOIN aidcase.aid_case AS c ON c.case_no = doc ->> 'case_no'
     WHERE jsonb_typeof(doc -> 'case_no') = 'string'
       AND (c.case_id IS NULL
            OR c.unit_id <> p.unit_id AND doc ->> 'kind' IS DISTINCT FROM 'emergency')
    UNION ALL
    SELECT 'occurred_at', 'must not lie before the first contact'
      FROM place AS p WHERE p.occurred_at < p.contact_at

    -- the members among each other
    UNION ALL
    SELECT 'members', 'must have exactly one head'
     WHERE EXISTS (SELECT FROM member) AND NOT EXISTS (SELECT FROM member AS m WHERE m.relation = 'head')
    UNION ALL
    SELECT 'members', 'must have exactly one applicant'
     WHERE EXISTS (SELECT FROM member) AND NOT EXISTS (SELECT FROM member AS m WHERE m.applicant)
    UNION ALL
    SELECT m.path || '.' || w.what, w.reason
      FROM member AS m
     CROSS JOIN LATERAL (
        SELECT 'key', 'is used twice'
         WHERE EXISTS (SELECT FROM member AS b WHERE b.key = m.key AND b.n < m.n)
        UNION ALL
        SELECT 'relation', 'is a second head; there must be exactly one'
         WHERE m.relation = 'head' AND EXISTS (SELECT FROM member AS b WHERE b.relation = 'head' AND b.n < m.n)
        UNION ALL
        SELECT 'applicant', 'is a second applicant; there must be exactly one'
         WHERE m.applicant AND EXISTS (SELECT FROM member AS b WHERE b.applicant AND b.n < m.n)
        UNION ALL
        SELECT 'citizen_id', 'is listed twice'
         WHERE EXISTS (SELECT FROM member AS b WHERE b.citizen_id = m.citizen_id AND b.n < m.n)
        UNION ALL
        SELECT 'name', 'has the same name and birth date as a member before'
         WHERE m.given_id IS NULL
           AND EXISTS (SELECT FROM member AS b
                        WHERE b.n < m.n AND aidcase.name_key(b.name) = aidcase.name_key(m.name)
                          AND coalesce(aidcase.birth_date(b.citizen_id), b.birth_date) = m.birth_date)
        UNION ALL
        SELECT 'birth_date', 'contradicts the citizen number'
         WHERE m.birth_date <> aidcase.birth_date(m.citizen_id)
        UNION ALL
        SELECT 'sex', 'contradicts the citizen number'
         WHERE m.sex <> aidcase.sex(m.citizen_id) AND m.sex IN ('male', 'female')
        UNION ALL
        SELECT v.key, 'is missing and there is no citizen number to take it from'
          FROM (VALUES ('birth_date', doc #>> ARRAY['members', m.n::text, 'birth_date']), ('sex', m.sex)) AS v (key, value)
         WHERE m.given_id IS NULL AND v.value IS NULL
        UNION ALL
        SELECT 'not_counted_reason', CASE WHEN m.left_out THEN 'is missing' ELSE 'goes with "counted": false only' END
         WHERE m.left_out = (m.left_out_reason IS NULL)
        UNION ALL
        SELECT CASE WHEN m.disability_kind IS NULL THEN 'disability_kind' ELSE 'disability_level' END,
               'is missing: kind and level of a disability go together'
         WHERE (m.disability_kind IS NULL) <> (m.disability_level IS NULL)
        UNION ALL
        SELECT CASE WHEN m.situation IS NULL THEN 'situation' ELSE 'situation_since' END,
               'is missing: a situation and its day go together'
         WHERE (m.situation IS NULL) <> (m.situation_since IS NULL)
        UNION ALL
        SELECT 'situation', 'must be one of ' || (SELECT string_agg(k.situation, ', ' ORDER BY k.sort) FROM aidcase.member_situation AS k)
         WHERE NOT EXISTS (SELECT FROM aidcase.member_situation AS k WHERE k.situation = m.situation) AND m.situation IS NOT NULL
        ) AS w (what, reason)

    -- obligors, items and papers
    UNION ALL
    SELECT o.path || '.obligor_state', 'must be one of ' || (SELECT string_agg(k.obligor_state, ', ' ORDER BY k.sort)
                                                               FROM aidcase.obligor_state AS k WHERE k.stated)
      FROM obligor AS o
     WHERE o.obligor_state IS NOT NULL
       AND NOT EXISTS (SELECT FROM aidcase.obligor_state AS k WHERE k.obligor_state = o.obligor_state AND k.stated)
    UNION ALL
    SELECT o.path || '.key', 'is used twice'
      FROM obligor AS o WHERE EXISTS (SELECT FROM obligor AS b WHERE b.key = o.key AND b.n < o.n)
    UNION ALL
    SELECT o.path || '.citizen_id', 'is listed twice'
      FROM obligor AS o
     WHERE EXISTS (SELECT FROM obligor AS b WHERE b.citizen_id = o.citizen_id AND b.n < o.n)
        OR EXISTS (SELECT FROM member AS m WHERE m.citizen_id = o.citizen_id)
    UNION ALL
    SELECT i.path || '.member', 'is the key of no member of this document'
      FROM item AS i
     WHERE jsonb_typeof(i.item -> 'member') = 'string'
       AND NOT EXISTS (SELECT FROM member AS m WHERE m.key = i.item ->> 'member')
    UNION ALL
    SELECT i.path || '.obligor', 'is the key of no obligor of this document'
      FROM item AS i
     WHERE i.list = 'authorisation' AND jsonb_typeof(i.item -> 'obligor') = 'string'
       AND NOT EXISTS (SELECT FROM obligor AS o WHERE o.key = i.item ->> 'obligor')
    UNION ALL
    SELECT i.path, 'must name either a member or an obligor'
      FROM item AS i
     WHERE i.list = 'authorisation' AND num_nonnulls(i.item ->> 'member', i.item ->> 'obligor') <> 1
    UNION ALL
    SELECT i.path || '.valid_until', 'must not lie before the date of signing'
      FROM item AS i
     WHERE i.list = 'authorisation'
       AND aidcase.iso_date(i.item ->> 'valid_until') < aidcase.iso_date(i.item ->> 'signed_on')
    UNION ALL
    SELECT i.path || '.kind',
           'must be one of ' || CASE i.list
               WHEN 'income' THEN (SELECT string_agg(k.income_kind, ', ' ORDER BY k.sort) FROM aidcase.income_kind AS k)
               WHEN 'property' THEN (SELECT string_agg(k.property_kind, ', ' ORDER BY k.sort) FROM aidcase.property_kind AS k)
               ELSE (SELECT string_agg(k.expense_kind, ', ' ORDER BY k.sort) FROM aidcase.expense_kind AS k) END
      FROM item AS i
     WHERE i.list IN ('income', 'property', 'expense') AND jsonb_typeof(i.item -> 'kind') = 'string'
       AND NOT CASE i.list
               WHEN 'income' THEN EXISTS (SELECT FROM aidcase.income_kind AS k WHERE k.income_kind = i.item ->> 'kind')
               WHEN 'property' THEN EXISTS (SELECT FROM aidcase.property_kind AS k WHERE k.property_kind = i.item ->> 'kind')
               ELSE EXISTS (SELECT FROM aidcase.expense_kind AS k WHERE k.expense_kind = i.item ->> 'kind') END
    UNION ALL
    SELECT i.path || '.amount', 'must not be negative: only business can make a loss'
      FROM item AS i
      JOIN aidcase.income_kind AS k ON k.income_kind = i.item ->> 'kind'
     WHERE i.list = 'income' AND k.category <> 'business' AND aidcase.yuan(i.item ->> 'amount', true) < 0
    UNION ALL
    SELECT 'causes[' || c.place - 1 || ']', 'is listed twice'
      FROM (SELECT e.place, row_number() OVER (PARTITION BY e.value ORDER BY e.place) AS turn
              FROM jsonb_array_elements(CASE WHEN jsonb_typeof(doc -> 'causes') = 'array' THEN doc -> 'causes' ELSE '[]' END)
                   WITH ORDINALITY AS e (value, place)) AS c
     WHERE c.turn > 1;
END
$$;
COMMENT ON FUNCTION aidcase.file_case_faults(jsonb) IS
    '申请文档的全部错误 (路径、原因),不写入 / all faults of an application, as path and reason; writes nothing';

CREATE OR REPLACE FUNCTION aidcase.file_case(doc jsonb, OUT case_id bigint, OUT round_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    the_key text := CASE WHEN jsonb_typeof(doc -> 'outside_key') = 'string' THEN doc ->> 'outside_key' END;
    digest bytea := sha256(convert_to(doc::text, 'UTF8'));
    former bytea;
    the_case bigint;
    the_round bigint;
    the_unit bigint;
    member_keys text[];
    members bigint[];
    obligor_keys text[];
    obligors bigint[];
BEGIN
    -- The same application again: the same answer.  The lock makes two
    -- counters that send it at once one after the other.
    IF the_key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('aidcase.file_case ' || the_key, 0));
        SELECT r.case_id, r.round_id, r.document_sha256
          INTO file_case.case_id, file_case.round_id, former
          FROM aidcase.case_round AS r WHERE r.outside_key = the_key;
        IF FOUND THEN
            IF former IS DISTINCT FROM digest THEN
                RAISE EXCEPTION 'an application with this outside key was already filed with other content'
                    USING ERRCODE = '23505',
                          DETAIL = format('It is round %s.', file_case.round_id),
                          HINT = 'Give a new application a key of its own; correct the facts of a filed one in its round.';
            END IF;
            RETURN;
        END IF;
    END IF;

    PERFORM aidcase.raise_faults('application',
        ARRAY(SELECT f.path || ': ' || f.reason FROM aidcase.file_case_faults(doc) AS f
               ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'SELECT aidcase.file_case_schema() describes the document; SELECT * FROM aidcase.file_case_faults(document) tries it.');

    the_unit := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'unit');
    IF doc ->> 'case_no' IS NOT NULL THEN
        the_case := (SELECT c.case_id FROM aidcase.aid_case AS c WHERE c.case_no = doc ->> 'case_no');
    ELSE
        INSERT INTO aidcase.aid_case (unit_id, village_id, residence, address, phone)
        SELECT the_unit, v.unit_id, doc ->> 'residence', doc ->> 'address', doc ->> 'phone'
          FROM aidcase.unit AS v WHERE v.unit_code = doc ->> 'village'
        RETURNING case_id INTO the_case;
    END IF;

    INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, finder, outside_key,
                                    document_sha256, first_contact_at, handler_id, occurred_at)
    SELECT the_case, the_unit, coalesce(doc ->> 'kind', 'application'),
           coalesce((SELECT max(r.round_no) FROM aidcase.case_round AS r WHERE r.case_id = the_case), 0) + 1,
           doc ->> 'channel', doc ->> 'finder', the_key, digest,
           coalesce(aidcase.iso_timestamp(doc ->> 'first_contact_at'),
                    aidcase.iso_timestamp(doc ->> 'occurred_at'), aidcase.now_here()),
           CASE WHEN doc ->> 'handler' IS NULL THEN aidcase.current_staff()
                ELSE (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'handler') END,
           coalesce(aidcase.iso_timestamp(doc ->> 'occurred_at'), aidcase.now_here())
    RETURNING round_id INTO the_round;

    -- Identities are given in the order of the list, so the n-th key is the
    -- n-th member.  Who was in the case before stays the same person.
    WITH written AS (
        INSERT INTO aidcase.case_member (case_id, round_id, person_id, citizen_id, name, birth_date, sex, relation,
                                         applicant, counted, not_counted_reason, situation, situation_since, count_exception, no_obligor_here,
                                         work_ability, health, disability_kind, disability_level, education, occupation,
                                         official_kin)
        SELECT the_case, the_round,
               coalesce((SELECT b.person_id FROM aidcase.case_member AS b
                          WHERE b.case_id = the_case AND b.citizen_id = m.citizen_id
                          ORDER BY b.member_id DESC LIMIT 1), nextval('aidcase.person_number')),
               m.citizen_id, m.item ->> 'name',
               coalesce(aidcase.birth_date(m.citizen_id), aidcase.iso_date(m.item ->> 'birth_date')),
               coalesce(aidcase.sex(m.citizen_id), m.item ->> 'sex'), m.item ->> 'relation',
               coalesce((m.item ->> 'applicant')::boolean, false), coalesce((m.item ->> 'counted')::boolean, true),
               m.item ->> 'not_counted_reason', m.item ->> 'situation', aidcase.iso_date(m.item ->> 'situation_since'),
               m.item ->> 'count_exception', coalesce((m.item ->> 'no_obligor_here')::boolean, false), m.item ->> 'work_ability', coalesce(m.item ->> 'health', 'good'),
               m.item ->> 'disability_kind', (m.item ->> 'disability_level')::smallint,
               m.item ->> 'education', m.item ->> 'occupation', coalesce(m.item ->> 'official_kin', 'not_stated')
          FROM (SELECT l.n, l.item, aidcase.citizen(l.item ->> 'citizen_id') AS citizen_id
                  FROM aidcase.listed(doc, 'members') AS l) AS m
         ORDER BY m.n
        RETURNING member_id)
    SELECT array_agg(w.member_id ORDER BY w.member_id) INTO members FROM written AS w;
    member_keys := ARRAY(SELECT l.item ->> 'key' FROM aidcase.listed(doc, 'members') AS l ORDER BY l.n);

    IF jsonb_typeof(doc -> 'obligors') = 'array' THEN
        WITH written AS (
            INSERT INTO aidcase.obligor (case_id, round_id, citizen_id, name, relation, household_size,
                                         annual_income, persons_supported, paid_monthly, able, obligor_state, low_property)
            SELECT the_case, the_round, aidcase.citizen(l.item ->> 'citizen_id'), l.item ->> 'name',
                   l.item ->> 'relation', (l.item ->> 'household_size')::smallint,
                   aidcase.yuan(l.item ->> 'annual_income', true), (l.item ->> 'persons_supported')::smallint,
                   coalesce(aidcase.yuan(l.item ->> 'paid_monthly'), 0), coalesce((l.item ->> 'able')::boolean, true),
                   l.item ->> 'obligor_state', (l.item ->> 'low_property')::boolean
              FROM aidcase.listed(doc, 'obligors') AS l
             ORDER BY l.n
            RETURNING obligor_id)
        SELECT array_agg(w.obligor_id ORDER BY w.obligor_id) INTO obligors FROM written AS w;
        obligor_keys := ARRAY(SELECT coalesce(l.item ->> 'key', '') FROM aidcase.listed(doc, 'obligors') AS l ORDER BY l.n);
    END IF;

    IF jsonb_typeof(doc -> 'income') = 'array' THEN
        INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source, evidence)
        SELECT the_case, the_round, members[array_position(member_keys, l.item ->> 'member')], l.item ->> 'kind',
               aidcase.yuan(l.item ->> 'amount', true), l.item ->> 'basis',
               coalesce(l.item ->> 'source', 'declared'), l.item ->> 'evidence'
          FROM aidcase.listed(doc, 'income') AS l ORDER BY l.n;
    END IF;
    IF jsonb_typeof(doc -> 'property') = 'array' THEN
        INSERT INTO aidcase.property_item (case_id, round_id, member_id, property_kind, value, quantity,
                                           exempt_reason, source, evidence)
        SELECT the_case, the_round, members[array_position(member_keys, l.item ->> 'member')], l.item ->> 'kind',
               aidcase.yuan(l.item ->> 'value'), coalesce((l.item ->> 'quantity')::integer, 1),
               l.item ->> 'exempt_reason', coalesce(l.item ->> 'source', 'declared'), l.item ->> 'evidence'
          FROM aidcase.listed(doc, 'property') AS l ORDER BY l.n;
    END IF;
    IF jsonb_typeof(doc -> 'expenses') = 'array' THEN
        INSERT INTO aidcase.expense_item (case_id, round_id, member_id, expense_kind, amount, basis, source, evidence)
        SELECT the_case, the_round, members[array_position(member_keys, l.item ->> 'member')], l.item ->> 'kind',
               aidcase.yuan(l.item ->> 'amount'), l.item ->> 'basis',
               coalesce(l.item ->> 'source', 'declared'), l.item ->> 'evidence'
          FROM aidcase.listed(doc, 'expenses') AS l ORDER BY l.n;
    END IF;
    IF jsonb_typeof(doc -> 'causes') = 'array' THEN
        INSERT INTO aidcase.case_cause (case_id, round_id, cause)
        SELECT the_case, the_round, c.cause
          FROM jsonb_array_elements_text(doc -> 'causes') WITH ORDINALITY AS c (cause, place) ORDER BY c.place;
    END IF;
    IF jsonb_typeof(doc -> 'commitment') = 'object' THEN
        INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
        VALUES (the_case, the_round, members[array_position(member_keys, doc #>> '{commitment,member}')],
                doc #>> '{commitment,text_version}', aidcase.iso_date(doc #>> '{commitment,signed_on}'),
                decode(doc #>> '{commitment,sha256}', 'hex'));
    END IF;
    IF jsonb_typeof(doc -> 'authorisations') = 'array' THEN
        INSERT INTO aidcase.authorisation (case_id, round_id, member_id, obligor_id, text_version, signed_on,
                                           valid_until, sha256)
        SELECT the_case, the_round, members[array_position(member_keys, l.item ->> 'member')],
               obligors[array_position(obligor_keys, l.item ->> 'obligor')], l.item ->> 'text_version',
               aidcase.iso_date(l.item ->> 'signed_on'), aidcase.iso_date(l.item ->> 'valid_until'),
               decode(l.item ->> 'sha256', 'hex')
          FROM aidcase.listed(doc, 'authorisations') AS l ORDER BY l.n;
    END IF;
    IF jsonb_typeof(doc -> 'agent') = 'object' THEN
        INSERT INTO aidcase.applicant_agent (case_id, round_id, kind, name, citizen_id, staff_id, phone, text_version, signed_on, sha256)
        VALUES (the_case, the_round, doc #>> '{agent,kind}', doc #>> '{agent,name}', aidcase.citizen(doc #>> '{agent,citizen_id}'),
                (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc #>> '{agent,staff}'), doc #>> '{agent,phone}',
                doc #>> '{agent,text_version}', aidcase.iso_date(doc #>> '{agent,signed_on}'), decode(doc #>> '{agent,sha256}', 'hex'));
    END IF;
    IF jsonb_typeof(doc -> 'payee') = 'object' THEN
        PERFORM aidcase.set_payee(the_case, doc -> 'payee', aidcase.today());
    END IF;
    -- taken here, decided where the household is registered
    IF doc -> 'transfer' = 'true' THEN
        PERFORM aidcase.transfer_case(the_case, u.unit_code, doc ->> 'village', 'wrong_unit')
           FROM aidcase.unit_now AS u
          WHERE u.level = 'unit'
            AND aidcase.unit_below((SELECT v.unit_id FROM aidcase.unit AS v WHERE v.unit_code = doc ->> 'village'), u.unit_id, aidcase.today());
    END IF;

    file_case.case_id := the_case;
    file_case.round_id := the_round;
END
$$;
COMMENT ON FUNCTION aidcase.file_case(jsonb) IS
    '登记整份申请:一个事务,一次报出全部错误,按外部编号幂等 / files a whole application in one transaction: all faults at once (ZA007), the same outside key and document gives the same case and round';

-- Rounds in hand: not decided, and nobody else's.
CREATE OR REPLACE FUNCTION aidcase.rounds_in_hand(staff_id bigint, unit_id bigint)
RETURNS TABLE (subject text, id bigint, what text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT 'case_round', r.round_id, format('round %s of case %s, state "%s"', r.round_id, c.case_no, r.state)
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
 WHERE r.handler_id = rounds_in_hand.staff_id AND NOT s.frozen
   AND (r.unit_id = rounds_in_hand.unit_id OR c.village_id = rounds_in_hand.unit_id
        OR aidcase.unit_below(r.unit_id, rounds_in_hand.unit_id, aidcase.today()));
END;
COMMENT ON FUNCTION aidcase.rounds_in_hand(bigint, bigint) IS
    '未了事项:某人在某单位经办且尚未决定的轮次 / open work: rounds of a handler at a unit that are not decided';
REVOKE ALL ON FUNCTION aidcase.rounds_in_hand(bigint, bigint) FROM PUBLIC;

-- Gives them to somebody else, who is no relative of the household.
CREATE OR REPLACE FUNCTION aidcase.hand_over_rounds(staff_id bigint, successor_id bigint, unit_id bigint, on_date date)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    related text;
    n       integer;
BEGIN
    SELECT string_agg(w.what, E'\n' ORDER BY w.id) INTO related
      FROM aidcase.rounds_in_hand(hand_over_rounds.staff_id, hand_over_rounds.unit_id) AS w
      JOIN aidcase.case_round AS r ON r.round_id = w.id
     WHERE EXISTS (SELECT FROM aidcase.conflict_flag AS f
                    WHERE f.case_id = r.case_id AND f.staff_id = successor_id AND f.bars AND f.state IN ('open', 'confirmed'));
    IF related IS NOT NULL THEN
        RAISE EXCEPTION 'rounds cannot pass to somebody who is recused from them'
            USING ERRCODE = '55000', DETAIL = related, HINT = 'Hand these over to somebody else first.';
    END IF;
    UPDATE aidcase.case_round AS r SET handler_id = successor_id
     WHERE r.round_id IN (SELECT w.id FROM aidcase.rounds_in_hand(hand_over_rounds.staff_id, hand_over_rounds.unit_id) AS w);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION aidcase.hand_over_rounds(bigint, bigint, bigint, date) IS
    '内部:移交经办的轮次 / internal: rounds in hand pass to a successor';
REVOKE ALL ON FUNCTION aidcase.hand_over_rounds(bigint, bigint, bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.hand_over_rounds(bigint, bigint, bigint, date) TO aidcase_bureau, aidcase_admin;

-- The handler of a round serves its unit or its village.  The foreign key has
-- locked his row before: a post that ends at the same time has ended, or waits.
CREATE OR REPLACE FUNCTION aidcase.check_handler() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT aidcase.serves_unit(NEW.handler_id, NEW.unit_id, aidcase.today()) THEN
        RAISE EXCEPTION 'the handler of a round must hold a post at its unit'
            USING ERRCODE = '23514',
                  DETAIL = 'The member of staff named holds none today at the unit, above it or in one of its villages.',
                  HINT = 'Name somebody in post; see aidcase.staff_post.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_handler() IS
    '触发器:经办人须在该单位任职 / trigger: the handler of a round holds a post at its unit';
REVOKE ALL ON FUNCTION aidcase.check_handler() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_handler" AFTER INSERT OR UPDATE OF handler_id ON aidcase.case_round
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_handler();

-- ---------------------------------------------------------------------
-- The day's verbs

-- Who is meant in a round: a number is member_id, a text a citizen number.
CREATE OR REPLACE FUNCTION aidcase.member_in(round_id bigint, who jsonb) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT m.member_id
  FROM aidcase.case_member AS m
 WHERE m.round_id = member_in.round_id AND NOT m.void
   AND CASE jsonb_typeof(who)
       WHEN 'number' THEN m.member_id = aidcase.whole_number(who #>> '{}')
       ELSE m.citizen_id = aidcase.citizen(who #>> '{}') END
 ORDER BY m.member_id LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.member_in(bigint, jsonb) IS
    '内部:按编号或身份号码找成员 / internal: the member of a round by member_id or citizen number';

CREATE OR REPLACE FUNCTION aidcase.obligor_in(round_id bigint, who jsonb) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT o.obligor_id
  FROM aidcase.obligor AS o
 WHERE o.round_id = obligor_in.round_id AND NOT o.void
   AND CASE jsonb_typeof(who)
       WHEN 'number' THEN o.obligor_id = aidcase.whole_number(who #>> '{}')
       ELSE o.citizen_id = aidcase.citizen(who #>> '{}') END
 ORDER BY o.obligor_id LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.obligor_in(bigint, jsonb) IS
    '内部:按编号或身份号码找义务人 / internal: the obligor of a round by obligor_id or citizen number';

-- The round that a document names; NULL when the caller sees none.
CREATE OR REPLACE FUNCTION aidcase.round_of(doc jsonb) RETURNS aidcase.case_round
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT r FROM aidcase.case_round AS r
 WHERE r.round_id = aidcase.whole_number(CASE WHEN jsonb_typeof(doc -> 'round_id') = 'number' THEN doc ->> 'round_id' END);
END;
COMMENT ON FUNCTION aidcase.round_of(jsonb) IS
    '内部:文档所指的轮次 / internal: the round that a document names';

-- Faults that all documents about a round share: the round, and the members
-- of staff named under the given keys, in service on the day.
CREATE OR REPLACE FUNCTION aidcase.round_faults(doc jsonb, staff_keys text[], at_key text)
RETURNS TABLE (path text, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_round aidcase.case_round := aidcase.round_of(doc);
    the_time timestamptz := aidcase.iso_timestamp(doc ->> at_key);
    the_day date := coalesce(aidcase.date_here(the_time), aidcase.today());
BEGIN
    RETURN QUERY
    SELECT 'round_id'::text, 'is no round of your units'::text
     WHERE the_round.round_id IS NULL AND jsonb_typeof(doc -> 'round_id') = 'number'
    UNION ALL
    SELECT at_key, 'must not lie before the first contact'
     WHERE the_time < the_round.first_contact_at
    UNION ALL
    SELECT k.key, 'is no member of staff on that day'
      FROM unnest(staff_keys) AS k (key)
     WHERE jsonb_typeof(doc -> k.key) = 'string'
       AND NOT EXISTS (SELECT FROM aidcase.staff AS s
                        WHERE s.staff_no = doc ->> k.key AND s.employed @> the_day);
END
$$;
COMMENT ON FUNCTION aidcase.round_faults(jsonb, text[], text) IS
    '内部:轮次文档的共同检查 / internal: the faults that documents about a round share';

-- An economic check: request, reply, or both in one call.
CREATE OR REPLACE FUNCTION aidcase.record_check(doc jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "reference_no", "results"],
        "properties": {
          "round_id": {"type": "integer"},
          "reference_no": {"type": "string", "maxLength": 100},
          "requested_at": {"type": "string", "format": "date-time", "past": true},
          "requested_by": {"type": "string"},
          "returned_at": {"type": "string", "format": "date-time", "past": true},
          "results": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "object",
            "properties": {
              "member": {"type": ["string", "integer"]},
              "obligor": {"type": ["string", "integer"]},
              "outcome": {"type": "string", "codes": "registry_check.outcome"},
              "hits": {"type": "array", "maxItems": 200, "items": {"type": "object",
                "required": ["registry", "description"],
                "properties": {
                  "registry": {"type": "string", "codes": "registry_hit.registry"},
                  "description": {"type": "string", "maxLength": 1000},
                  "amount": {"type": ["string", "number"], "format": "signed-yuan"}}}}}}}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    reference text := doc ->> 'reference_no';
    sent_at timestamptz := aidcase.iso_timestamp(doc ->> 'requested_at');
    answered_at timestamptz := aidcase.iso_timestamp(doc ->> 'returned_at');
    by_staff bigint;
    written integer;
    answered integer;
BEGIN
    PERFORM aidcase.raise_faults('check', ARRAY(
        WITH result AS (
            SELECT l.n, 'results[' || l.n || ']' AS path, l.item, w.member_id, w.obligor_id,
                   (SELECT c FROM aidcase.registry_check AS c
                     WHERE c.round_id = the_round.round_id AND c.reference_no = reference
                       AND (c.member_id = w.member_id OR c.obligor_id = w.obligor_id)
                     ORDER BY c.check_id DESC LIMIT 1) AS sent
              FROM aidcase.listed(doc, 'results') AS l
             CROSS JOIN LATERAL (SELECT aidcase.member_in(the_round.round_id, l.item -> 'member') AS member_id,
                                        aidcase.obligor_in(the_round.round_id, l.item -> 'obligor') AS obligor_id) AS w
        ), fault AS (
            SELECT f.path, f.reason FROM aidcase.document_faults(doc, shape) AS f
            UNION ALL
            SELECT f.path, f.reason FROM aidcase.round_faults(doc, '{requested_by}', 'requested_at') AS f
            UNION ALL
            SELECT 'returned_at', 'must not lie before the request' WHERE answered_at < sent_at
            UNION ALL
            SELECT 'requested_at', 'is missing'
             WHERE doc ->> 'requested_at' IS NULL AND jsonb_typeof(doc) = 'object'
               AND EXISTS (SELECT FROM result AS r WHERE (r.sent).check_id IS NULL)
            UNION ALL
            SELECT 'returned_at', 'is missing, though there are outcomes'
             WHERE doc ->> 'returned_at' IS NULL AND EXISTS (SELECT FROM result AS r WHERE r.item ->> 'outcome' IS NOT NULL)
            UNION ALL
            SELECT r.path || w.what, w.reason
              FROM result AS r
             CROSS JOIN LATERAL (
                SELECT '', 'must name either a member or an obligor'
                 WHERE num_nonnulls(r.item ->> 'member', r.item ->> 'obligor') <> 1
                UNION ALL
                SELECT '.member', 'is no member of the round'
                 WHERE r.item ->> 'member' IS NOT NULL AND r.member_id IS NULL AND the_round.round_id IS NOT NULL
                UNION ALL
                SELECT '.obligor', 'is no obligor of the round'
                 WHERE r.item ->> 'obligor' IS NOT NULL AND r.obligor_id IS NULL AND the_round.round_id IS NOT NULL
                UNION ALL
                SELECT '', 'is the same person as a result before'
                 WHERE EXISTS (SELECT FROM result AS b
                                WHERE b.n < r.n AND (b.member_id = r.member_id OR b.obligor_id = r.obligor_id))
                UNION ALL
                SELECT '', 'was already answered under this reference number'
                 WHERE (r.sent).returned_at IS NOT NULL
                UNION ALL
                SELECT '', 'was already requested under this reference number'
                 WHERE (r.sent).check_id IS NOT NULL AND doc ->> 'returned_at' IS NULL
                UNION ALL
                SELECT '', 'must not be answered before its request'
                 WHERE answered_at < (r.sent).requested_at
                UNION ALL
                SELECT '', 'has given no authorisation in force for the check'
                 WHERE num_nonnulls(r.member_id, r.obligor_id) = 1
                   AND NOT EXISTS (
                        SELECT FROM aidcase.authorisation AS a
                         WHERE a.round_id = the_round.round_id AND NOT a.void
                           AND (a.member_id = r.member_id OR a.obligor_id = r.obligor_id)
                           AND aidcase.date_here(coalesce((r.sent).requested_at, sent_at, aidcase.now_here()))
                               BETWEEN a.signed_on AND a.valid_until)
                UNION ALL
                SELECT '.outcome', 'is missing'
                 WHERE answered_at IS NOT NULL AND r.item ->> 'outcome' IS NULL
                UNION ALL
                SELECT '.hits', CASE r.item ->> 'outcome' WHEN 'suspicious' THEN 'is missing: a suspicious outcome names its items'
                                ELSE 'go with a suspicious outcome only' END
                 WHERE (coalesce(r.item ->> 'outcome', '') = 'suspicious')
                       = (coalesce(r.item -> 'hits', '[]') IN ('[]', 'null'))
                ) AS w (what, reason)
        )
        SELECT f.path || ': ' || f.reason FROM fault AS f ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "reference_no": "…", "requested_at": "2021-04-07T09:00:00+08:00", "returned_at": "2021-04-08T16:00:00+08:00", "results": [{"member": 1, "outcome": "clean"}]}.');

    by_staff := coalesce((SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'requested_by'),
                         aidcase.acting_staff());
    UPDATE aidcase.registry_check AS c
       SET returned_at = answered_at, outcome = l.item ->> 'outcome'
      FROM aidcase.listed(doc, 'results') AS l
     WHERE c.round_id = the_round.round_id AND c.reference_no = reference AND c.returned_at IS NULL
       AND (c.member_id = aidcase.member_in(the_round.round_id, l.item -> 'member')
            OR c.obligor_id = aidcase.obligor_in(the_round.round_id, l.item -> 'obligor'));
    GET DIAGNOSTICS answered = ROW_COUNT;
    INSERT INTO aidcase.registry_check (case_id, round_id, member_id, obligor_id, reference_no, requested_at,
                                        requested_by, returned_at, outcome)
    SELECT the_round.case_id, the_round.round_id, p.member_id, p.obligor_id, reference,
           sent_at, by_staff, answered_at, p.outcome
      FROM (SELECT l.n, l.item ->> 'outcome' AS outcome,
                   aidcase.member_in(the_round.round_id, l.item -> 'member') AS member_id,
                   aidcase.obligor_in(the_round.round_id, l.item -> 'obligor') AS obligor_id
              FROM aidcase.listed(doc, 'results') AS l) AS p
     WHERE NOT EXISTS (SELECT FROM aidcase.registry_check AS c
                        WHERE c.round_id = the_round.round_id AND c.reference_no = reference
                          AND (c.member_id = p.member_id OR c.obligor_id = p.obligor_id))
     ORDER BY p.n;
    GET DIAGNOSTICS written = ROW_COUNT;
    INSERT INTO aidcase.registry_hit (check_id, case_id, round_id, registry, description, amount, raised_at)
    SELECT c.check_id, c.case_id, c.round_id, h.item ->> 'registry', h.item ->> 'description',
           aidcase.yuan(h.item ->> 'amount', true), c.returned_at
      FROM aidcase.listed(doc, 'results') AS l
     CROSS JOIN LATERAL aidcase.listed(l.item, 'hits') AS h
      JOIN aidcase.registry_check AS c
        ON c.round_id = the_round.round_id AND c.reference_no = reference
       AND (c.member_id = aidcase.member_in(the_round.round_id, l.item -> 'member')
            OR c.obligor_id = aidcase.obligor_in(the_round.round_id, l.item -> 'obligor'))
     ORDER BY l.n, h.n;
    RETURN written + answered;
END
$$;
COMMENT ON FUNCTION aidcase.record_check(jsonb) IS
    '登记经济核对 (发起、反馈或一并),返回人数;无有效授权者拒绝 / records an economic check: request, reply or both; returns the number of persons; refuses who has given no authorisation in force';

CREATE OR REPLACE FUNCTION aidcase.clear_hit(hit_id bigint, finding text, note text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    hit aidcase.registry_hit;
BEGIN
    SELECT h.* INTO hit FROM aidcase.registry_hit AS h WHERE h.hit_id = clear_hit.hit_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no hit % in your units', coalesce(clear_hit.hit_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'aidcase.case_file() lists the hits of a case.';
    ELSIF hit.cleared_at IS NOT NULL THEN
        RAISE EXCEPTION 'hit % was already cleared', hit.hit_id
            USING ERRCODE = '55000',
                  DETAIL = format('It was cleared on %s.', aidcase.date_here(hit.cleared_at)),
                  HINT = 'New facts about it need a new check.';
    ELSIF NOT EXISTS (SELECT FROM aidcase.label AS b
                       WHERE b.code_set = 'registry_hit.finding' AND b.code = clear_hit.finding) THEN
        RAISE EXCEPTION 'the finding is not a known one'
            USING ERRCODE = '22023',
                  HINT = format('The findings are %s.',
                                (SELECT string_agg(b.code, ', ' ORDER BY b.sort) FROM aidcase.label AS b
                                  WHERE b.code_set = 'registry_hit.finding'));
    ELSIF coalesce(btrim(note), '') = '' THEN
        RAISE EXCEPTION 'a finding needs a note'
            USING ERRCODE = '22023', HINT = 'Say how the suspicious item was explained or counted.';
    END IF;
    UPDATE aidcase.registry_hit AS h
       SET finding = clear_hit.finding, finding_note = note,
           cleared_at = greatest(aidcase.now_here(), h.raised_at), cleared_by = aidcase.acting_staff()
     WHERE h.hit_id = hit.hit_id;
END
$$;
COMMENT ON FUNCTION aidcase.clear_hit(bigint, text, text) IS
    '处置一条疑似问题 / closes a suspicious item with a finding and a note';

CREATE OR REPLACE FUNCTION aidcase.record_visit(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "visited_at", "visitors", "outcome", "report"],
        "properties": {
          "round_id": {"type": "integer"},
          "visited_at": {"type": "string", "format": "date-time", "past": true},
          "visitors": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}},
          "outcome": {"type": "string", "codes": "home_visit.outcome"},
          "report": {"type": "string", "maxLength": 20000}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    the_visit bigint;
BEGIN
    PERFORM aidcase.raise_faults('visit', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT * FROM aidcase.round_faults(doc, '{}', 'visited_at')
                UNION ALL
                SELECT 'visitors[' || v.place - 1 || ']', 'is no member of staff on that day'
                  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(doc -> 'visitors') = 'array' THEN doc -> 'visitors' ELSE '[]' END)
                       WITH ORDINALITY AS v (value, place)
                 WHERE jsonb_typeof(v.value) = 'string' AND v.place <= 2
                   AND NOT EXISTS (SELECT FROM aidcase.staff AS s
                                    WHERE s.staff_no = v.value #>> '{}'
                                      AND s.employed @> coalesce(aidcase.date_here(aidcase.iso_timestamp(doc ->> 'visited_at')),
                                                                 aidcase.today()))
                UNION ALL
                SELECT 'visitors[1]', 'is the same person as the first'
                 WHERE doc #> '{visitors,0}' = doc #> '{visitors,1}'
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "visited_at": "2021-04-08T09:00:00+08:00", "visitors": ["a", "b"], "outcome": "seen", "report": "…"}; a visit is made by two.');
    INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
    SELECT the_round.case_id, the_round.round_id, aidcase.iso_timestamp(doc ->> 'visited_at'),
           a.staff_id, b.staff_id, doc ->> 'outcome', doc ->> 'report'
      FROM aidcase.staff AS a, aidcase.staff AS b
     WHERE a.staff_no = doc #>> '{visitors,0}' AND b.staff_no = doc #>> '{visitors,1}'
    RETURNING visit_id INTO the_visit;
    RETURN the_visit;
END
$$;
COMMENT ON FUNCTION aidcase.record_visit(jsonb) IS
    '登记入户调查 (两人),返回编号 / records a home visit by two; returns its number';

-- Evaluation and combined opinion; a later one replaces the lines before.
CREATE OR REPLACE FUNCTION aidcase.record_evaluation(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "summary"],
        "properties": {
          "round_id": {"type": "integer"},
          "evaluated_at": {"type": "string", "format": "date-time", "past": true},
          "evaluated_by": {"type": "string"},
          "needs": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 100}},
          "score": {"type": "number", "minimum": 0, "maximum": 100},
          "summary": {"type": "string", "maxLength": 20000},
          "opinion": {"type": "array", "maxItems": 50, "items": {"type": "object",
            "required": ["matter", "department", "outcome"],
            "properties": {
              "matter": {"type": "string", "codes": "assistance_opinion.matter"},
              "programme": {"type": "string"},
              "department": {"type": "string", "codes": "assistance_opinion.department"},
              "outcome": {"type": "string", "codes": "assistance_opinion.outcome"},
              "amount": {"type": ["string", "number"], "format": "yuan"},
              "refusal_reason": {"type": "string"},
              "reply_due": {"type": "string", "format": "date"},
              "note": {"type": "string", "maxLength": 4000}}}}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    at_time timestamptz := coalesce(aidcase.iso_timestamp(doc ->> 'evaluated_at'), aidcase.now_here());
    by_staff bigint;
    the_evaluation bigint;
BEGIN
    PERFORM aidcase.raise_faults('evaluation', ARRAY(
        WITH line AS (
            SELECT l.n, 'opinion[' || l.n || ']' AS path, l.item, l.item ->> 'programme' AS programme,
                   l.item ->> 'outcome' AS outcome, aidcase.yuan(l.item ->> 'amount') AS amount, d
              FROM aidcase.listed(doc, 'opinion') AS l
              LEFT JOIN LATERAL (SELECT d.* FROM aidcase.determination AS d
                                  WHERE d.round_id = the_round.round_id AND d.programme = l.item ->> 'programme'
                                  ORDER BY d.determination_id DESC LIMIT 1) AS d ON true
        )
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT * FROM aidcase.round_faults(doc, '{evaluated_by}', 'evaluated_at')
                UNION ALL
                SELECT l.path || w.what, w.reason
                  FROM line AS l
                 CROSS JOIN LATERAL (
                    SELECT '.programme', 'is missing: what civil affairs grants, it grants in a programme'
                     WHERE l.outcome = 'granted' AND l.programme IS NULL
                    UNION ALL
                    SELECT '.programme', 'must be one of ' || (SELECT string_agg(p.programme, ', ' ORDER BY p.sort)
                                                                 FROM aidcase.programme AS p)
                     WHERE jsonb_typeof(l.item -> 'programme') = 'string'
                       AND NOT EXISTS (SELECT FROM aidcase.programme AS p WHERE p.programme = l.programme)
                    UNION ALL
                    SELECT '.programme', 'is listed twice'
                     WHERE EXISTS (SELECT FROM line AS b WHERE b.programme = l.programme AND b.n < l.n)
                    UNION ALL
                    SELECT '.department', 'must be civil_affairs for a programme of civil affairs'
                     WHERE l.programme IS NOT NULL AND l.item ->> 'department' <> 'civil_affairs'
                    UNION ALL
                    SELECT '.outcome', CASE WHEN (l.d).determination_id IS NULL
                           THEN 'cannot be granted: there is no determination of the programme'
                           ELSE 'cannot be granted: the latest determination says not eligible' END
                     WHERE l.outcome = 'granted' AND l.programme IS NOT NULL AND the_round.round_id IS NOT NULL
                       AND NOT coalesce((l.d).eligible, false)
                    UNION ALL
                    SELECT '.amount', 'must lie in the range of the determination'
                     WHERE l.outcome = 'granted'
                       AND NOT l.amount BETWEEN coalesce((l.d).minimum_amount, (l.d).amount)
                                            AND coalesce((l.d).maximum_amount, (l.d).amount)
                    UNION ALL
                    SELECT '.amount', 'goes with what is granted only'
                     WHERE l.outcome <> 'granted' AND l.item ->> 'amount' IS NOT NULL
                    UNION ALL
                    SELECT '.refusal_reason', CASE WHEN l.outcome = 'refused' THEN 'is missing'
                                              ELSE 'goes with a refusal only' END
                     WHERE (l.outcome = 'refused') = (l.item ->> 'refusal_reason' IS NULL)
                    UNION ALL
                    SELECT '.refusal_reason', 'must be one of ' || (SELECT string_agg(r.refusal_reason, ', ' ORDER BY r.sort)
                                                                      FROM aidcase.refusal_reason AS r)
                     WHERE jsonb_typeof(l.item -> 'refusal_reason') = 'string'
                       AND NOT EXISTS (SELECT FROM aidcase.refusal_reason AS r
                                        WHERE r.refusal_reason = l.item ->> 'refusal_reason')
                    UNION ALL
                    SELECT '.reply_due', CASE WHEN l.outcome = 'referred' THEN 'is missing'
                                         ELSE 'goes with a referral only' END
                     WHERE (l.outcome = 'referred') = (l.item ->> 'reply_due' IS NULL)
                    UNION ALL
                    SELECT '.reply_due', 'must not lie before the evaluation'
                     WHERE aidcase.iso_date(l.item ->> 'reply_due') < aidcase.date_here(at_time)
                    ) AS w (what, reason)
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "summary": "…", "opinion": [{"matter": "living", "programme": "dibao", "department": "civil_affairs", "outcome": "granted"}]}.');

    by_staff := coalesce((SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'evaluated_by'),
                         aidcase.acting_staff());
    INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, needs, score, summary)
    VALUES (the_round.case_id, the_round.round_id, at_time, by_staff,
            ARRAY(SELECT n.need
                    FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(doc -> 'needs') = 'array' THEN doc -> 'needs' ELSE '[]' END)
                         WITH ORDINALITY AS n (need, place) ORDER BY n.place),
            (doc ->> 'score')::numeric, doc ->> 'summary')
    RETURNING evaluation_id INTO the_evaluation;
    IF jsonb_typeof(doc -> 'opinion') = 'array' THEN
        UPDATE aidcase.assistance_opinion AS o SET void = true
         WHERE o.round_id = the_round.round_id AND NOT o.void;
        INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome,
                                                determination_id, amount, refusal_reason, reply_due, note)
        SELECT the_round.case_id, the_round.round_id, l.item ->> 'matter', l.item ->> 'programme',
               l.item ->> 'department', l.item ->> 'outcome', d.determination_id,
               CASE WHEN l.item ->> 'outcome' = 'granted' THEN coalesce(aidcase.yuan(l.item ->> 'amount'), d.amount) END,
               l.item ->> 'refusal_reason', aidcase.iso_date(l.item ->> 'reply_due'), l.item ->> 'note'
          FROM aidcase.listed(doc, 'opinion') AS l
          LEFT JOIN LATERAL (SELECT d.determination_id, d.amount FROM aidcase.determination AS d
                              WHERE d.round_id = the_round.round_id AND d.programme = l.item ->> 'programme'
                              ORDER BY d.determination_id DESC LIMIT 1) AS d ON true
         ORDER BY l.n;
    END IF;
    RETURN the_evaluation;
END
$$;
COMMENT ON FUNCTION aidcase.record_evaluation(jsonb) IS
    '登记综合评估和综合救助意见,返回编号;民政事项自动引用最近一次认定 / records the comprehensive evaluation and the combined opinion; a programme''s line cites its latest determination';

CREATE OR REPLACE FUNCTION aidcase.record_handover(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "handed_at", "amount", "form", "recipient", "receipt_no", "witness"],
        "properties": {
          "round_id": {"type": "integer"},
          "handed_at": {"type": "string", "format": "date-time", "past": true},
          "amount": {"type": ["string", "number"], "format": "yuan"},
          "form": {"type": "string", "codes": "aid_handover.form"},
          "recipient": {"type": ["string", "integer"]},
          "receipt_no": {"type": "string", "maxLength": 100},
          "handed_by": {"type": "string"},
          "witness": {"type": "string"},
          "from_reserve": {"type": "boolean"}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    by_staff bigint;
    the_handover bigint;
BEGIN
    PERFORM aidcase.raise_faults('hand-over', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT * FROM aidcase.round_faults(doc, '{handed_by,witness}', 'handed_at')
                UNION ALL
                SELECT 'amount', 'must be more than 0' WHERE aidcase.yuan(doc ->> 'amount') = 0
                UNION ALL
                SELECT 'recipient', 'is no member of the round'
                 WHERE the_round.round_id IS NOT NULL AND doc ->> 'recipient' IS NOT NULL
                   AND aidcase.member_in(the_round.round_id, doc -> 'recipient') IS NULL
                UNION ALL
                SELECT 'receipt_no', 'was already recorded for this round'
                 WHERE EXISTS (SELECT FROM aidcase.aid_handover AS h
                                WHERE h.round_id = the_round.round_id AND h.receipt_no = doc ->> 'receipt_no')
                UNION ALL
                SELECT 'from_reserve', 'is for cash'
                 WHERE doc ->> 'from_reserve' = 'true' AND doc ->> 'form' <> 'cash'
                UNION ALL
                SELECT 'witness', 'must be somebody other than who handed over'
                 WHERE doc ->> 'witness' = coalesce(doc ->> 'handed_by',
                        (SELECT s.staff_no FROM aidcase.staff AS s WHERE s.staff_id = aidcase.current_staff()))
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "handed_at": "2021-04-06T18:00:00+08:00", "amount": "500.00", "form": "cash", "recipient": 1, "receipt_no": "…", "witness": "b"}.');
    by_staff := coalesce((SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'handed_by'),
                         aidcase.acting_staff());
    INSERT INTO aidcase.aid_handover (case_id, round_id, handed_at, amount, form, recipient_member_id, receipt_no,
                                      handed_by, witness_id, from_reserve)
    VALUES (the_round.case_id, the_round.round_id, aidcase.iso_timestamp(doc ->> 'handed_at'),
            aidcase.yuan(doc ->> 'amount'), doc ->> 'form', aidcase.member_in(the_round.round_id, doc -> 'recipient'),
            doc ->> 'receipt_no', by_staff,
            (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'witness'),
            (doc ->> 'from_reserve')::boolean)
    RETURNING handover_id INTO the_handover;
    RETURN the_handover;
END
$$;
COMMENT ON FUNCTION aidcase.record_handover(jsonb) IS
    '登记救助到位 (有收据、见证人),返回编号;有备用金的单位现金从备用金支出,除非 from_reserve 为 false / records help put into the hands of the person in need, with receipt and witness; cash of a unit with a reserve fund is spent from it unless from_reserve is false';

CREATE OR REPLACE FUNCTION aidcase.record_delivery(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "kind", "document_no", "delivered_at", "manner", "recipient"],
        "properties": {
          "round_id": {"type": "integer"},
          "kind": {"type": "string", "codes": "document_delivery.kind"},
          "document_no": {"type": "string", "maxLength": 100},
          "delivered_at": {"type": "string", "format": "date-time", "past": true},
          "manner": {"type": "string", "codes": "document_delivery.manner"},
          "recipient": {"type": "string", "maxLength": 200},
          "delivered_by": {"type": "string"},
          "proof": {"type": "string", "maxLength": 200},
          "proof_sha256": {"type": "string", "format": "sha256"}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    by_staff bigint;
    the_delivery bigint;
BEGIN
    PERFORM aidcase.raise_faults('delivery', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT * FROM aidcase.round_faults(doc, '{delivered_by}', 'delivered_at')
                UNION ALL
                SELECT 'document_no', 'is not the number under which this paper was issued'
                 WHERE EXISTS (SELECT FROM aidcase.document_issued AS d WHERE d.round_id = the_round.round_id AND d.kind = doc ->> 'kind')
                   AND NOT EXISTS (SELECT FROM aidcase.document_issued AS d WHERE d.round_id = the_round.round_id AND d.kind = doc ->> 'kind'
                                                                              AND d.document_no = doc ->> 'document_no')) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "kind": "refusal", "document_no": "…", "delivered_at": "2021-04-20T10:00:00+08:00", "manner": "in_person", "recipient": "…"}.');
    by_staff := coalesce((SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'delivered_by'),
                         aidcase.acting_staff());
    INSERT INTO aidcase.document_delivery (case_id, round_id, kind, document_no, delivered_at, manner, recipient, delivered_by,
                                           proof, proof_sha256)
    VALUES (the_round.case_id, the_round.round_id, doc ->> 'kind', doc ->> 'document_no',
            aidcase.iso_timestamp(doc ->> 'delivered_at'), doc ->> 'manner', doc ->> 'recipient', by_staff,
            doc ->> 'proof', decode(doc ->> 'proof_sha256', 'hex'))
    RETURNING delivery_id INTO the_delivery;
    RETURN the_delivery;
END
$$;
COMMENT ON FUNCTION aidcase.record_delivery(jsonb) IS
    '登记文书送达(方式、时间、受送达人、证明),返回编号 / records that a document was delivered: how, when, to whom, what proves it';

-- Everything of one household that the caller may see: the rows of every
-- table with the case's key, and of them the columns that are granted; rows
-- of a round stand below it.
CREATE OR REPLACE FUNCTION aidcase.case_file(case_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    file jsonb;
    rounds jsonb := '[]';
    of_rounds jsonb := '{}';
    part jsonb;
    t record;
BEGIN
    FOR t IN
        SELECT k.relname,
               bool_or(a.attname = 'round_id') AND k.relname <> 'case_round' AS of_round,
               (array_agg(a.attname ORDER BY a.attnum))[1] AS first_column,
               string_agg(format('r.%I', a.attname), ', ' ORDER BY a.attnum)
                   FILTER (WHERE a.attname <> 'case_id' OR k.relname = 'aid_case') AS columns
          FROM pg_class AS k
          JOIN pg_attribute AS a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE k.relnamespace = 'aidcase'::regnamespace AND k.relkind = 'r'
           AND has_column_privilege(k.oid, a.attnum, 'SELECT')
         GROUP BY k.oid, k.relname
        HAVING bool_or(a.attname = 'case_id')
         ORDER BY k.relname <> 'aid_case', k.relname COLLATE "C"
    LOOP
        EXECUTE format('SELECT CASE WHEN $2 THEN (SELECT jsonb_object_agg(x.round_id::text, x.list) FROM ('
                       '         SELECT l.item ->> ''round_id'' AS round_id, jsonb_agg(l.item - ''round_id'' ORDER BY l.place) AS list'
                       '           FROM jsonb_array_elements(f.list) WITH ORDINALITY AS l (item, place) GROUP BY 1) AS x)'
                       '       ELSE f.list END'
                       '  FROM (SELECT jsonb_agg((SELECT to_jsonb(x) FROM (SELECT %3$s) AS x) ORDER BY r.%2$I) AS list'
                       '          FROM aidcase.%1$I AS r WHERE r.case_id = $1) AS f',
                       t.relname, t.first_column, t.columns)
           INTO part USING case_file.case_id, t.of_round;
        IF t.relname = 'aid_case' THEN
            file := part -> 0;
        ELSIF part IS NULL OR file IS NULL THEN
            CONTINUE;
        ELSIF t.relname = 'case_round' THEN
            rounds := part;
        ELSIF t.of_round THEN
            of_rounds := of_rounds || jsonb_build_object(t.relname, part);
        ELSE
            file := file || jsonb_build_object(t.relname, part);
        END IF;
    END LOOP;
    IF file IS NULL THEN
        RAISE EXCEPTION 'there is no case % in your units', coalesce(case_file.case_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Table aidcase.aid_case lists the cases that you may see.';
    END IF;
    RETURN file || jsonb_build_object('rounds', coalesce((
        SELECT jsonb_agg(r.item || coalesce((SELECT jsonb_object_agg(p.key, p.value -> (r.item ->> 'round_id'))
                                               FROM jsonb_each(of_rounds) AS p
                                              WHERE p.value ? (r.item ->> 'round_id')), '{}')
                         ORDER BY r.place)
          FROM jsonb_array_elements(rounds) WITH ORDINALITY AS r (item, place)), '[]'));
END
$$;
COMMENT ON FUNCTION aidcase.case_file(bigint) IS
    '一户一档:本户全部记录,限调用者可见范围 / everything of one household that the caller may see, the rows of a round below it';
