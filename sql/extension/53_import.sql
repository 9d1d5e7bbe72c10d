-- Reading files.

CREATE FUNCTION csv_rows(content bytea, encoding text DEFAULT 'UTF8', delimiter text DEFAULT ',',
    OUT line integer, OUT fields text[], OUT faults text[], OUT fault_fields integer[], OUT fault_bytes bytea[], OUT line_end text)
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1000
AS 'MODULE_PATHNAME', 'aidcase_csv_rows';
COMMENT ON FUNCTION csv_rows(bytea, text, text) IS
    '逐行解析 CSV 文件 (RFC 4180):起始行号、各字段 (未加引号的空字段为 NULL)、全部格式和编码错误及其列号 (0 为整行) 和字节、行尾 (LF、CRLF,空为文件末无换行) / the records of a CSV file by RFC 4180: line on which one begins, its fields (an empty one without quotes is NULL), all faults of form and encoding with the field (0 = the line as a whole) and bytes, and how the line ends (LF, CRLF; NULL = the file ends without)';
