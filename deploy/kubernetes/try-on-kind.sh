#!/usr/bin/env bash
# Starts the dev overlay in a cluster of its own on this machine, and tries it. Needs docker with compose, kind 0.24 or
# newer (its network enforces NetworkPolicies) and kubectl 1.30 or newer; kind and the images are downloaded. Nothing else
# in this repository runs it. It may be run again. Remove everything: kind delete cluster --name latchkey
set -euo pipefail
cd "$(dirname "$0")/../.."

here=deploy/kubernetes
secrets=$PWD/$here/overlays/dev/secrets
services=(auth-service cart-service wishlist-service payment-service storefront)
kube() { kubectl --context kind-latchkey --namespace latchkey-dev "$@"; }

for tool in docker kind kubectl; do
  command -v "$tool" >/dev/null || { echo "$tool is missing." >&2; exit 1; }
done

kind get clusters | grep -qx latchkey || kind create cluster --name latchkey --wait 180s

docker compose --project-name latchkey build "${services[@]}" secrets
for service in "${services[@]}"; do kind load docker-image --name latchkey "latchkey-$service"; done

mkdir -p "$secrets"/{all,auth-service,cart-service,wishlist-service,payment-service,postgres,redis}
docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$secrets:/secrets" latchkey-secrets \
  node src/secrets/main.ts

kubectl kustomize --load-restrictor=LoadRestrictionsNone "$here/overlays/dev" | kube apply -f -
# The images have one name for every build.
kube rollout restart deployment
for workload in statefulset/postgres statefulset/redis "${services[@]/#/deployment/}"; do
  kube rollout status --timeout=300s "$workload"
done

username=try-$(date +%s)
password=$(head -c 18 /dev/urandom | base64)
kube exec -i deployment/auth-service -- \
  node src/commands.ts create-account --username "$username" --roles customer <<<"$password"
kube exec -i deployment/storefront -- \
  node --input-type=module - "$username" "$password" redis:6379 postgres:5432 <"$here/check.mjs"

cat <<END

For the page on http://localhost:3000, keep these running, and sign in as $username with $password:
$(for target in storefront:3000 auth-service:4000 cart-service:4001 wishlist-service:4002 payment-service:4003; do
  echo "  kubectl --context kind-latchkey -n latchkey-dev port-forward service/${target%:*} ${target#*:} &"
done)
END
