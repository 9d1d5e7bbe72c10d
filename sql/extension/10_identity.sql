-- Identity: type citizen_id, its operators, casts and functions.
--
-- A value is the number's first 17 digits as a 64-bit integer, so order,
-- equality and hashing are bigint's: the server's own functions are declared
-- here under our names (as contrib/isn does).

CREATE TYPE citizen_id;

CREATE FUNCTION citizen_id_in(cstring) RETURNS citizen_id
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_in'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_in(cstring) IS
'公民身份号码的文本输入;因校验出生日期不得晚于今日,为 STABLE / text input of citizen_id; STABLE, because a birth date in the future is refused';

CREATE FUNCTION citizen_id_out(citizen_id) RETURNS cstring
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_out'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_out(citizen_id) IS
'公民身份号码的文本输出,18 位 / text output of citizen_id, 18 characters';

CREATE FUNCTION citizen_id_recv(internal) RETURNS citizen_id
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_recv'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_recv(internal) IS
'公民身份号码的二进制输入,与文本输入同样校验 / binary input of citizen_id, checked as text is';

CREATE FUNCTION citizen_id_send(citizen_id) RETURNS bytea
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_send(citizen_id) IS
'公民身份号码的二进制输出:前 17 位数字,8 字节网络序 / binary output of citizen_id: its first 17 digits, 8 bytes in network order';

CREATE TYPE citizen_id (
    INPUT = citizen_id_in,
    OUTPUT = citizen_id_out,
    RECEIVE = citizen_id_recv,
    SEND = citizen_id_send,
    INTERNALLENGTH = 8,
    PASSEDBYVALUE,
    ALIGNMENT = double,
    STORAGE = plain
);
COMMENT ON TYPE citizen_id IS
'公民身份号码 (GB 11643-1999),8 字节;输入 18 位 (x 或 X) 或 15 位旧号,校验校验码、出生日期与省级代码;按前 17 位数字排序 / citizen number (GB 11643-1999) in 8 bytes; reads 18 characters (x or X) or the 15 digits of the old form, refuses a wrong check character, an impossible or future birth date and a prefix that is no province; ordered by its first 17 digits';

-- ---------------------------------------------------------------------
-- Comparison

CREATE FUNCTION citizen_id_eq(citizen_id, citizen_id) RETURNS boolean
    AS 'int8eq' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_eq(citizen_id, citizen_id) IS
'运算符 = 的实现 / implementation of the = operator';

CREATE FUNCTION citizen_id_ne(citizen_id, citizen_id) RETURNS boolean
    AS 'int8ne' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_ne(citizen_id, citizen_id) IS
'运算符 <> 的实现 / implementation of the <> operator';

CREATE FUNCTION citizen_id_lt(citizen_id, citizen_id) RETURNS boolean
    AS 'int8lt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_lt(citizen_id, citizen_id) IS
'运算符 < 的实现 / implementation of the < operator';

CREATE FUNCTION citizen_id_le(citizen_id, citizen_id) RETURNS boolean
    AS 'int8le' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_le(citizen_id, citizen_id) IS
'运算符 <= 的实现 / implementation of the <= operator';

CREATE FUNCTION citizen_id_gt(citizen_id, citizen_id) RETURNS boolean
    AS 'int8gt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_gt(citizen_id, citizen_id) IS
'运算符 > 的实现 / implementation of the > operator';

CREATE FUNCTION citizen_id_ge(citizen_id, citizen_id) RETURNS boolean
    AS 'int8ge' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_ge(citizen_id, citizen_id) IS
'运算符 >= 的实现 / implementation of the >= operator';

CREATE FUNCTION citizen_id_cmp(citizen_id, citizen_id) RETURNS integer
    AS 'btint8cmp' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_cmp(citizen_id, citizen_id) IS
'btree 三向比较:小于 0、0、大于 0 / btree comparison: below, equal to or above 0';

CREATE FUNCTION citizen_id_sortsupport(internal) RETURNS void
    AS 'btint8sortsupport' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_sortsupport(internal) IS
'btree 排序支持 / btree sort support';

CREATE FUNCTION citizen_id_hash(citizen_id) RETURNS integer
    AS 'hashint8' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_hash(citizen_id) IS
'哈希值 / hash value';

CREATE FUNCTION citizen_id_hash_extended(citizen_id, bigint) RETURNS bigint
    AS 'hashint8extended' LANGUAGE internal
    IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_hash_extended(citizen_id, bigint) IS
'带种子的 64 位哈希值 / 64-bit hash value with a seed';

CREATE OPERATOR = (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_eq,
    COMMUTATOR = =, NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (citizen_id, citizen_id) IS
'同一号码 / the same number';

CREATE OPERATOR <> (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (citizen_id, citizen_id) IS
'不同号码 / different numbers';

CREATE OPERATOR < (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_lt,
    COMMUTATOR = >, NEGATOR = >=,
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (citizen_id, citizen_id) IS
'前 17 位数字较小 / the first 17 digits are smaller';

CREATE OPERATOR <= (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_le,
    COMMUTATOR = >=, NEGATOR = >,
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (citizen_id, citizen_id) IS
'前 17 位数字较小或相同 / the first 17 digits are smaller or the same';

CREATE OPERATOR > (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_gt,
    COMMUTATOR = <, NEGATOR = <=,
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (citizen_id, citizen_id) IS
'前 17 位数字较大 / the first 17 digits are greater';

CREATE OPERATOR >= (
    LEFTARG = citizen_id, RIGHTARG = citizen_id, FUNCTION = citizen_id_ge,
    COMMUTATOR = <=, NEGATOR = <,
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (citizen_id, citizen_id) IS
'前 17 位数字较大或相同 / the first 17 digits are greater or the same';

CREATE OPERATOR CLASS citizen_id_ops
    DEFAULT FOR TYPE citizen_id USING btree AS
        OPERATOR 1 <,
        OPERATOR 2 <=,
        OPERATOR 3 =,
        OPERATOR 4 >=,
        OPERATOR 5 >,
        FUNCTION 1 citizen_id_cmp(citizen_id, citizen_id),
        FUNCTION 2 citizen_id_sortsupport(internal),
        FUNCTION 4 pg_catalog.btequalimage(oid);
COMMENT ON OPERATOR CLASS citizen_id_ops USING btree IS
'按前 17 位数字排序 / order by the first 17 digits';
COMMENT ON OPERATOR FAMILY citizen_id_ops USING btree IS
'按前 17 位数字排序 / order by the first 17 digits';

CREATE OPERATOR CLASS citizen_id_ops
    DEFAULT FOR TYPE citizen_id USING hash AS
        OPERATOR 1 =,
        FUNCTION 1 citizen_id_hash(citizen_id),
        FUNCTION 2 citizen_id_hash_extended(citizen_id, bigint);
COMMENT ON OPERATOR CLASS citizen_id_ops USING hash IS
'哈希连接与哈希索引 / hash joins and hash indexes';
COMMENT ON OPERATOR FAMILY citizen_id_ops USING hash IS
'哈希连接与哈希索引 / hash joins and hash indexes';

CREATE FUNCTION citizen_id_smaller(citizen_id, citizen_id) RETURNS citizen_id
    AS 'int8smaller' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_smaller(citizen_id, citizen_id) IS
'两者中较小者 / the smaller of two';

CREATE FUNCTION citizen_id_larger(citizen_id, citizen_id) RETURNS citizen_id
    AS 'int8larger' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_larger(citizen_id, citizen_id) IS
'两者中较大者 / the larger of two';

CREATE AGGREGATE min(citizen_id) (
    SFUNC = citizen_id_smaller, STYPE = citizen_id,
    COMBINEFUNC = citizen_id_smaller, SORTOP = <, PARALLEL = SAFE
);
COMMENT ON AGGREGATE min(citizen_id) IS
'最小号码 / the smallest number';

CREATE AGGREGATE max(citizen_id) (
    SFUNC = citizen_id_larger, STYPE = citizen_id,
    COMBINEFUNC = citizen_id_larger, SORTOP = >, PARALLEL = SAFE
);
COMMENT ON AGGREGATE max(citizen_id) IS
'最大号码 / the greatest number';

-- ---------------------------------------------------------------------
-- Casts: on assignment, so that loading text columns needs no notation and
-- comparing text with a number does.

CREATE FUNCTION citizen_id(text) RETURNS citizen_id
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_from_text'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id(text) IS
'文本转为公民身份号码 / text to citizen number';

CREATE FUNCTION citizen_id(character) RETURNS citizen_id
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_from_bpchar'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id(character) IS
'定长文本转为公民身份号码,忽略末尾空格 / char(n) to citizen number; blanks at its end are ignored';

CREATE FUNCTION text(citizen_id) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_to_text'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION text(citizen_id) IS
'公民身份号码转为 18 位文本;可建表达式索引 ((id::text)) / citizen number to its 18 characters; may be indexed as ((id::text))';

CREATE CAST (text AS citizen_id)
    WITH FUNCTION citizen_id(text) AS ASSIGNMENT;
COMMENT ON CAST (text AS citizen_id) IS
'校验后转换 / checks and converts';
CREATE CAST (character varying AS citizen_id)
    WITH FUNCTION citizen_id(text) AS ASSIGNMENT;
COMMENT ON CAST (character varying AS citizen_id) IS
'校验后转换 / checks and converts';
CREATE CAST (character AS citizen_id)
    WITH FUNCTION citizen_id(character) AS ASSIGNMENT;
COMMENT ON CAST (character AS citizen_id) IS
'校验后转换,忽略末尾空格 / checks and converts; blanks at the end are ignored';
CREATE CAST (citizen_id AS text)
    WITH FUNCTION text(citizen_id) AS ASSIGNMENT;
COMMENT ON CAST (citizen_id AS text) IS
'18 位文本 / the 18 characters';

-- ---------------------------------------------------------------------
-- What a number tells

CREATE FUNCTION citizen_id_fault(text) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_fault'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION citizen_id_fault(text) IS
'号码有何错误,一句话,不含号码本身;号码有效 (或为 NULL) 时返回 NULL / what is wrong with a text as citizen number, in one sentence that does not repeat it; NULL when it is valid, and for NULL';

CREATE FUNCTION birth_date(citizen_id) RETURNS date
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_birth_date'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION birth_date(citizen_id) IS
'出生日期 / date of birth';

CREATE FUNCTION sex(citizen_id) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_sex'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION sex(citizen_id) IS
'性别:male 男,female 女 / sex: male or female';

CREATE FUNCTION age_at(citizen_id, on_date date) RETURNS integer
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_age_at'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION age_at(citizen_id, date) IS
'某日的周岁;2 月 29 日出生者平年在 3 月 1 日满岁;早于出生日期报错 22023 / completed years on a date; who was born on 29 February completes a year on 1 March of a common year; error 22023 for a date before birth';

CREATE FUNCTION area_code(citizen_id) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_area_code'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION area_code(citizen_id) IS
'首次申领地的 6 位区划代码,不是现户籍地,可能已撤销 / 6-digit code of the place of first issue, which is not the present domicile and may be abolished';

CREATE FUNCTION masked(citizen_id) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_citizen_id_masked'
    LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION masked(citizen_id) IS
'脱敏:前 4 位 (省、市)、12 个星号、后 2 位 / masked: first 4 characters (province and city), 12 stars, last 2';

-- Exclusion constraints need a type that btree_gist knows.
CREATE FUNCTION citizen_key(citizen_id) RETURNS bigint
    AS 'int8up'
    LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION citizen_key(citizen_id) IS
'号码的 8 字节键(前 17 位),用于排他约束 / the number''s 8-byte key, its 17 digits, for exclusion constraints';
