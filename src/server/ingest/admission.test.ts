import fc from "fast-check";
import { expect, it } from "vitest";
import { createAdmission } from "./admission.ts";

it("lets bodies in at once while there is room, and one that is larger than all of it", () => {
  const admission = createAdmission(100);
  const entered: string[] = [];
  admission.enter(99, () => entered.push("small"));
  admission.enter(5_000, () => entered.push("large"));
  admission.enter(1, () => entered.push("late"));
  expect(entered).toEqual(["small", "large"]);
  admission.leave(99);
  expect(entered).toEqual(["small", "large"]);
  admission.leave(5_000);
  expect(entered).toEqual(["small", "large", "late"]);
});

it("lets every body in once, in order, and none while the room is taken", () => {
  const body = fc.record({ bytes: fc.integer({ min: 1, max: 60 }), doneAfter: fc.integer({ min: 0, max: 5 }) });
  fc.assert(
    fc.property(fc.array(body, { maxLength: 60 }), (bodies) => {
      const room = 100;
      const admission = createAdmission(room);
      const entered: number[] = [];
      const atWork: { bytes: number; doneAfter: number }[] = [];
      const sum = (): number => atWork.reduce((total, { bytes }) => total + bytes, 0);
      const finishOne = (): void => {
        const [done] = atWork.splice(
          atWork.reduce((best, { doneAfter }, at) => (doneAfter < (atWork[best]?.doneAfter ?? 9) ? at : best), 0),
          1,
        );
        if (done !== undefined) admission.leave(done.bytes);
      };
      for (const [index, one] of bodies.entries()) {
        admission.enter(one.bytes, () => {
          expect(sum()).toBeLessThan(room);
          entered.push(index);
          atWork.push(one);
        });
        if (one.doneAfter % 2 === 0) finishOne();
      }
      while (atWork.length > 0) finishOne();
      expect(entered).toEqual([...bodies.keys()]);
    }),
  );
});
