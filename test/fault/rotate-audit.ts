/** What the tests of a rotator that fails ask of a folder, and how they run: apart from what its process needs. */
import { countIds } from "./log-fixtures.ts";

/** Ids that readers of the folder do not find exactly once, and ids of nobody. */
export async function findWrong(dataDir: string, kept: readonly string[]): Promise<readonly unknown[]> {
  const { counts } = await countIds(dataDir);
  const notOnce = kept.filter((id) => counts.get(id) !== 1);
  const twice = [...counts].filter(([, count]) => count !== 1).map(([id]) => id);
  return [...notOnce, ...twice];
}

/** Runs jobs two at a time. */
export async function inPairs<Item>(items: Iterable<Item>, job: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await job(item);
  };
  await Promise.all([work(), work()]);
}
