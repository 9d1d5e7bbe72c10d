/*
 * actor: who acts in a session, and which units they may see.
 *
 * All of them read the staff, their posts and the tree of units with the
 * newest state, whatever the caller may SELECT, and tell nothing beyond the
 * actor's own posts; so PUBLIC keeps EXECUTE.
 */
CREATE FUNCTION current_staff() RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_current_staff';
COMMENT ON FUNCTION current_staff() IS
    '当前经办人:本登录对应的人员,或共用登录以 act_as 声明的人员;没有则为 NULL / who acts: the member of staff with this login, or whom a pooled login declared by act_as(); NULL when there is nobody';

CREATE FUNCTION my_units() RETURNS bigint[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_my_units';
COMMENT ON FUNCTION my_units() IS
    '当前经办人今日的数据范围:在任岗位所在单位及其下级单位,升序 / the actor''s scope today: units of the posts in force and all units below them, sorted; empty when there is none';

CREATE FUNCTION has_post(post text, unit_id bigint, on_date date) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_has_post';
COMMENT ON FUNCTION has_post(text, bigint, date) IS
    '当前经办人该日是否在该单位或其上级单位任该岗位 / does the actor hold the post at the unit, or at one above it, on that date';

CREATE FUNCTION unit_below(unit_id bigint, ancestor bigint, on_date date) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_unit_below';
COMMENT ON FUNCTION unit_below(bigint, bigint, date) IS
    '该日该单位是否为上级单位本身或其下级 / is the unit the ancestor itself or below it on that date';

CREATE FUNCTION act_as(staff_id bigint) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_act_as';
COMMENT ON FUNCTION act_as(bigint) IS
    '共用登录声明本事务的经办人,返回其工号;NULL 为取消 / a pooled login (role aidcase_gateway) declares for whom it acts until the end of the transaction; returns the staff number; NULL = nobody';
