import type { Redis } from 'ioredis';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Models whose entries belong to a grant, which can be revoked, and models whose entries are used up. */
const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);
const consumable = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode']);

/**
 * Stores the state of node-oidc-provider in Redis, as the example in its repository does. Supports only what a refresh
 * and a code flow need: no device codes.
 */
export function redisAdapter(redis: Redis, model: string): Adapter {
  const keyOf = (id: string) => `${model}:${id}`;
  const grantKeyOf = (grantId: string) => `grant:${grantId}`;
  const uidKeyOf = (uid: string) => `uid:${uid}`;
  const notNeeded = async (): Promise<undefined> => undefined;

  return {
    async upsert(id, payload, expiresIn = 0) {
      const key = keyOf(id);
      const text = JSON.stringify(payload);
      const multi = redis.multi();
      if (consumable.has(model)) multi.hset(key, { payload: text });
      else multi.set(key, text);
      if (expiresIn > 0) multi.expire(key, expiresIn);
      if (payload.uid !== undefined) multi.set(uidKeyOf(payload.uid), id, 'EX', expiresIn || 3600);
      if (grantable.has(model) && payload.grantId) {
        const grantKey = grantKeyOf(payload.grantId);
        multi.rpush(grantKey, key);
        // The list lives as long as the longest-lived entry that belongs to the grant.
        if (expiresIn > (await redis.ttl(grantKey))) multi.expire(grantKey, expiresIn);
      }
      await multi.exec();
    },
    async find(id) {
      if (!consumable.has(model)) {
        const text = await redis.get(keyOf(id));
        return text === null ? undefined : (JSON.parse(text) as AdapterPayload);
      }
      const { payload, ...rest } = await redis.hgetall(keyOf(id));
      return payload === undefined ? undefined : { ...rest, ...JSON.parse(payload) };
    },
    async findByUid(uid) {
      const id = await redis.get(uidKeyOf(uid));
      return id === null ? undefined : this.find(id);
    },
    async consume(id) {
      await redis.hset(keyOf(id), 'consumed', Math.floor(Date.now() / 1000));
    },
    async destroy(id) {
      await redis.del(keyOf(id));
    },
    async revokeByGrantId(grantId) {
      const keys = await redis.lrange(grantKeyOf(grantId), 0, -1);
      await redis.del(grantKeyOf(grantId), ...keys);
    },
    findByUserCode: notNeeded,
  };
}
