/*-------------------------------------------------------------------------
 *
 * ledger.h
 *		What other rooms may ask of the ledger.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_LEDGER_H
#define AIDCASE_LEDGER_H

/*
 * Writes an entry that records no row: an event of the register itself.  op
 * is a capital letter of extension/LEDGER.md, subject names what it is about
 * and json is the canonical JSON text that becomes its last element.  Returns
 * the entry's number.
 */
extern int64 aidcase_ledger_note(char op, const char *subject,
								 const char *json);

#endif							/* AIDCASE_LEDGER_H */
