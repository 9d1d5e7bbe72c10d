-- Forms: templates filled with facts, amounts in capital figures.

CREATE FUNCTION render_template(template text, facts jsonb) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_render_template'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION render_template(text, jsonb) IS
'以事实填充模板:{{名}} 为转义后的值,{{#名}}…{{/名}} 逐项重复,{{^名}}…{{/名}} 为空时出现 / fills a template with facts: {{name}} is the value escaped for HTML, {{#name}}…{{/name}} repeats for each item, {{^name}}…{{/name}} stands when there is none';

CREATE FUNCTION template_names(template text, OUT name text, OUT line integer, OUT fault text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'aidcase_template_names'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION template_names(text) IS
'模板中的各处引用(所在层次/名)及格式错误 / every place of a template with the sections around it, or what is wrong in a line';

CREATE FUNCTION yuan_in_capitals(amount numeric) RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_yuan_in_capitals'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION yuan_in_capitals(numeric) IS
'金额大写(元,0 至不足一万亿,至多两位小数) / an amount in capital figures (yuan, from 0 to below 10^12, at most two decimals)';
