/*
 * The delegations of the notice 办发〔2021〕15号 (四(一)s2): the first batch and
 * the pilots, all four programmes, from the date of the document.  Needs packs
 * tongguan (the document) and tongguan_units.
 */
SELECT aidcase.delegate(d.unit_code, '{dibao,tekun,temp_assistance,low_income}',
                        '2021-04-02', '办发〔2021〕15号', pilot => d.pilot)
  FROM (VALUES
        ('340705100', false),       -- 西湖镇
        ('340705005', false),       -- 东郊办事处
        ('340705006', false),       -- 新城办事处
        ('340705402', true),        -- 天井湖社区
        ('340705403', true),        -- 映湖社区
        ('340705407', true)         -- 官塘社区
       ) AS d (unit_code, pilot);
