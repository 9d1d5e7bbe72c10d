-- Calendar: working days by the State Council's yearly notices.
--
-- The functions read tables aidcase.workday and aidcase.workday_year of the
-- register.  A year without a row in workday_year is an error (ZA002), never
-- a year without holidays.  They always see the newest committed calendar
-- and their own transaction's changes, also under REPEATABLE READ.

CREATE FUNCTION is_workday(date) RETURNS boolean
    AS 'MODULE_PATHNAME', 'aidcase_calendar_is_workday'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION is_workday(date) IS
'是否工作日 (按国务院放假安排,含调休上班日);年份未载入则报错 ZA002 / is it a working day by the State Council''s calendar, make-up days included; error ZA002 when the year is not loaded';

CREATE FUNCTION add_workdays(start date, n integer) RETURNS date
    AS 'MODULE_PATHNAME', 'aidcase_calendar_add_workdays'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION add_workdays(date, integer) IS
'起算日为第 0 日,从其后第一个工作日起数第 n 个工作日;n 为负则向前数;n = 0 返回起算日本身 (不论是否工作日) / the n-th working day after the start day, which is day 0; before it for negative n; the start day itself, working day or not, for n = 0';

CREATE FUNCTION workdays_between(from_day date, to_day date) RETURNS integer
    AS 'MODULE_PATHNAME', 'aidcase_calendar_workdays_between'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workdays_between(date, date) IS
'从首日 (不计) 到末日 (计入) 经过的工作日数;末日在前则为负。末日为工作日时 add_workdays(首日, 结果) = 末日 / working days on the way from the first day (not counted) to the second (counted); negative when it goes back; add_workdays(first, result) = second whenever the second is a working day';

CREATE FUNCTION workday_on_or_before(date) RETURNS date
    AS 'MODULE_PATHNAME', 'aidcase_calendar_on_or_before'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workday_on_or_before(date) IS
'当日或之前最近的工作日 / the day itself or the last working day before it';

CREATE FUNCTION workday_on_or_after(date) RETURNS date
    AS 'MODULE_PATHNAME', 'aidcase_calendar_on_or_after'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workday_on_or_after(date) IS
'当日或之后最近的工作日 (期限届满日为休息日时顺延) / the day itself or the next working day, to which a period in calendar days that ends on a day off is extended';

CREATE FUNCTION pay_day(month date) RETURNS date
    AS 'MODULE_PATHNAME', 'aidcase_calendar_pay_day'
    LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pay_day(date) IS
'当月 10 日或之前的最后一个工作日;可给当月任何一日 / the last working day on or before the 10th of the month; any day of the month may be given';
