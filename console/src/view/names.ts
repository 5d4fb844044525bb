/** What users are called: by their names where the demo knows them, else by the start of their ids. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { shortId } from '../model/words.ts';

/** Names by user id. */
export const Names = createContext<ReadonlyMap<string, string>>(new Map());

/** A function that gives a user's name. */
export function useNames(): (user: string) => string {
  const names = useContext(Names);
  return (user) => names.get(user) ?? shortId(user);
}
