import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mailbox } from "#src/explain/mailbox.js";

/** Lets everything go on that is not waiting for somebody else. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("Mailbox", () => {
  it("gives the newest value, and counts the replaced ones", async () => {
    const mailbox = new Mailbox<number>();
    const reader = mailbox[Symbol.asyncIterator]();
    for (const value of [1, 2, 3]) mailbox.post(value);
    expect(await reader.next()).toEqual({ done: false, value: 3 });
    expect([mailbox.put, mailbox.replaced]).toEqual([3, 2]);
  });

  it("gives a value to a waiting reader", async () => {
    const mailbox = new Mailbox<number>();
    const waiting = mailbox[Symbol.asyncIterator]().next();
    mailbox.post(7);
    mailbox.post(8);
    expect(await waiting).toEqual({ done: false, value: 7 });
    expect([mailbox.put, mailbox.replaced]).toEqual([2, 0]);
  });

  it("holds undefined like any value", async () => {
    const mailbox = new Mailbox<undefined>();
    mailbox.post(undefined);
    expect(await mailbox[Symbol.asyncIterator]().next()).toEqual({ done: false, value: undefined });
  });

  it("when closed ends a waiting reader, drops the held value and ignores new ones", async () => {
    const mailbox = new Mailbox<number>();
    const waiting = mailbox[Symbol.asyncIterator]().next();
    mailbox.close();
    mailbox.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const full = new Mailbox<number>();
    full.post(1);
    full.close();
    full.post(2);
    expect(await full[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect([full.put, full.replaced]).toEqual([1, 1]);
  });

  it("is closed by leaving the loop", async () => {
    const mailbox = new Mailbox<number>();
    mailbox.post(1);
    for await (const _ of mailbox) break;
    mailbox.post(2);
    expect(await mailbox[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  it("refuses a second reader", async () => {
    const mailbox = new Mailbox<number>();
    const first = mailbox[Symbol.asyncIterator]().next();
    await expect(mailbox[Symbol.asyncIterator]().next()).rejects.toThrow("a mailbox has one reader at a time");
    mailbox.close();
    await first;
  });

  it("keeps order, gives only the newest, and counts every lost value, for any sequence", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("post", "take", "settle"), { maxLength: 60 }), async (script) => {
        const mailbox = new Mailbox<number>();
        const reader = mailbox[Symbol.asyncIterator]();
        const taken: number[] = [];
        let posted = 0;
        let isWaiting = false;
        for (const action of script) {
          if (action === "post") mailbox.post(posted++);
          else if (action === "settle") await settle();
          else if (!isWaiting) {
            isWaiting = true;
            const newest = posted - 1;
            void reader.next().then(({ done, value }) => {
              isWaiting = false;
              if (done) return;
              // The newest there was, or the first one after.
              expect(value === newest || value === newest + 1).toBe(true);
              taken.push(value);
            });
          }
        }
        await settle();
        mailbox.close();
        await settle();
        expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
        expect([mailbox.put, taken.length + mailbox.replaced]).toEqual([posted, posted]);
      }),
    );
  });
});
