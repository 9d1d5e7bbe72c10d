-- Reading the ledger.  Who may do so is decided by grants on its tables: the
-- view and the function run with the rights of the caller.

CREATE OR REPLACE VIEW aidcase.ledger WITH (security_invoker = true) AS
SELECT e.entry_no,
       timestamptz 'epoch' + (j.part ->> 1)::bigint * interval '1 microsecond' AS at,
       e.xid,
       o.su AS login,
       coalesce(o.cu, o.su) AS acting_role,
       o.st AS staff_id,
       o.ip AS client,
       o.app AS application,
       CASE WHEN s.shape_no IS NULL THEN j.part ->> 4
            WHEN i.removed IS NOT NULL THEN 'D'
            WHEN j.part ->> 5 = '0' THEN 'I'
            ELSE 'U'
       END AS operation,
       coalesce(s.relation, j.part ->> 5) AS relation,
       coalesce(i.removed -> 'k',
                (SELECT jsonb_agg(x.val ORDER BY (x.col ->> 2)::integer)
                   FROM ROWS FROM (jsonb_array_elements(s.columns::jsonb),
                                   jsonb_array_elements(i.row)) AS x(col, val)
                  WHERE x.col ->> 2 IS NOT NULL AND i.row IS NOT NULL)) AS key,
       coalesce((i.removed ->> 'c')::bigint,
                (SELECT (x.val #>> '{}')::bigint
                   FROM ROWS FROM (jsonb_array_elements(s.columns::jsonb),
                                   jsonb_array_elements(i.row)) AS x(col, val)
                  WHERE x.col ->> 0 = 'case_id' AND x.col ->> 1 = 'bigint')) AS case_id,
       CASE WHEN s.shape_no IS NOT NULL THEN nullif((j.part ->> 5)::bigint, 0) END AS supersedes,
       s.shape_no,
       CASE WHEN s.shape_no IS NULL THEN j.part -> 7
            WHEN i.row IS NOT NULL THEN
                 (SELECT jsonb_object_agg(x.col ->> 0, x.val)
                    FROM ROWS FROM (jsonb_array_elements(s.columns::jsonb),
                                    jsonb_array_elements(i.row)) AS x(col, val))
                 || jsonb_build_object('entry_no', e.entry_no)
       END AS image
  FROM aidcase.ledger_entry AS e
 CROSS JOIN LATERAL (SELECT e.entry::jsonb) AS j(part)
  LEFT JOIN aidcase.ledger_shape AS s
       ON s.shape_no = CASE WHEN jsonb_typeof(j.part -> 4) = 'number' THEN (j.part ->> 4)::bigint END
 CROSS JOIN LATERAL (SELECT CASE WHEN s.shape_no IS NOT NULL AND jsonb_typeof(j.part -> 7) = 'array' THEN j.part -> 7 END,
                            CASE WHEN s.shape_no IS NOT NULL AND jsonb_typeof(j.part -> 7) = 'object' THEN j.part -> 7 END)
       AS i("row", removed)
  LEFT JOIN aidcase.ledger_entry AS w
       ON w.entry_no = coalesce(nullif((j.part ->> 3)::bigint, 0), e.entry_no)
  LEFT JOIN LATERAL jsonb_to_record(w.entry::jsonb -> 7)
       AS o(su text, cu text, st bigint, ip inet, app text) ON true;
COMMENT ON VIEW aidcase.ledger IS
    '台账记录及列名 / the entries of the ledger, with the names of columns';
COMMENT ON COLUMN aidcase.ledger.entry_no IS '记录号 / number';
COMMENT ON COLUMN aidcase.ledger.at IS '事务开始时间 / start of the transaction';
COMMENT ON COLUMN aidcase.ledger.xid IS '完整事务号 / full transaction id';
COMMENT ON COLUMN aidcase.ledger.login IS '登录角色 / session user';
COMMENT ON COLUMN aidcase.ledger.acting_role IS '执行时的角色 / current user';
COMMENT ON COLUMN aidcase.ledger.staff_id IS '工作人员,无则为空 / member of staff, if any';
COMMENT ON COLUMN aidcase.ledger.client IS '客户端地址,本机连接为空 / address of the client; none for a local connection';
COMMENT ON COLUMN aidcase.ledger.application IS '客户端程序名 / application_name';
COMMENT ON COLUMN aidcase.ledger.operation IS '操作:I 新增,U 修改,D 删除,S 表结构,O 操作来源 / I insert, U update, D delete, S shape of a table, O origin: who writes and from where';
COMMENT ON COLUMN aidcase.ledger.relation IS '表名 / table';
COMMENT ON COLUMN aidcase.ledger.key IS '主键值(数组) / values of the primary key';
COMMENT ON COLUMN aidcase.ledger.case_id IS '所属案卷 / case, where the table has one';
COMMENT ON COLUMN aidcase.ledger.supersedes IS '被取代的记录号 / entry of the row version before';
COMMENT ON COLUMN aidcase.ledger.shape_no IS '表结构的记录号 / entry of the shape';
COMMENT ON COLUMN aidcase.ledger.image IS '行内容,按列名;事项记录为其内容 / the row by column names; for an event what it says';
REVOKE ALL ON TABLE aidcase.ledger FROM PUBLIC;
