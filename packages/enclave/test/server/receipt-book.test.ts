import { encodeUtf8 } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { ReceiptBook } from '../../src/receipts/receipt-book.ts';

const document = encodeUtf8('{}');

describe('ReceiptBook', () => {
  it('gives a receipt to its credential only (aci/1 section 7.6)', () => {
    const book = new ReceiptBook(10);
    book.store(['rcpt-1', 'chatcmpl-1'], document, 'secret');
    expect(book.fetch('rcpt-1', 'secret')).toBe(document);
    expect(book.fetch('chatcmpl-1', 'secret')).toBe(document);
    expect(() => book.fetch('rcpt-1', null)).toThrow(
      expect.objectContaining({ code: 'ENCLAVE_UNAUTHORIZED' }),
    );
    expect(() => book.fetch('rcpt-1', 'wrong')).toThrow(
      expect.objectContaining({ code: 'ENCLAVE_NOT_FOUND' }),
    );
  });

  it('gives a receipt without credential to anybody', () => {
    const book = new ReceiptBook(10);
    book.store(['rcpt-1'], document, null);
    expect(book.fetch('rcpt-1', null)).toBe(document);
  });

  it('forgets the oldest', () => {
    const book = new ReceiptBook(2);
    for (const id of ['a', 'b', 'c']) book.store([id], document, null);
    expect(() => book.fetch('a', null)).toThrow(expect.objectContaining({ code: 'ENCLAVE_NOT_FOUND' }));
    expect(book.fetch('c', null)).toBe(document);
  });
});
