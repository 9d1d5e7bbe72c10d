/*
 * comments: what every table and column of the register means, in Chinese and
 * English, for people who see the database through a client or a BI tool.
 *
 * The texts are rows of comments.csv (kind,name,zh,en), one line each: the
 * unit of measure (yuan/month, persons), what NULL means, what the codes
 * stand for, and the clause or law behind the row where it helps.  Rooms that
 * carry their own comments are not repeated there.  This part comes last, so
 * that every view is there already; test/catalogue.sql finds what was left out.
 */
-- comments: comments
