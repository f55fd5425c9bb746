#!/usr/bin/env bash
# One job from submission to a ranking, with curl and jq:
#
#   ./curl.sh Qwen/Qwen2.5-Math-1.5B-Instruct gsm8k
#
# LAYERSENSE_URL and LAYERSENSE_API_KEY say where the service is and who asks.
set -euo pipefail

url=${LAYERSENSE_URL:-http://127.0.0.1:8080}
model=${1:?usage: curl.sh MODEL DATASET [EXAMPLES]}
dataset=${2:?usage: curl.sh MODEL DATASET [EXAMPLES]}
examples=${3:-64}

ask() {
  curl --silent --show-error --fail-with-body \
    ${LAYERSENSE_API_KEY:+--header "authorization: Bearer $LAYERSENSE_API_KEY"} "$@"
}

# Should the answer be lost, the same key can be sent again: there will be one job.
job=$(jq --null-input --arg model "$model" --arg dataset "$dataset" --argjson examples "$examples" \
  '{model: $model, dataset: $dataset, method: "fisher", params: {examples: $examples, max_length: 512}}' |
  ask "$url/jobs" --header 'content-type: application/json' \
    --header "idempotency-key: $(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)" --data @-)
path=$(jq --raw-output .urls.self <<<"$job")

while :; do
  job=$(ask "$url$path")
  status=$(jq --raw-output .status <<<"$job")
  case $status in
    succeeded) break ;;
    failed | canceled)
      jq .error <<<"$job" >&2
      exit 1
      ;;
  esac
  jq --raw-output '"\(.status) \(.progress // {} | "\(.phase) \(.done)/\(.total)")"' <<<"$job" >&2
  sleep 2
done

# The ten matrices that move the loss most.
ask "$url$(jq --raw-output .urls.scores <<<"$job")" |
  jq --raw-output '[.scores[] | select(.shape | length == 2)][:10][] | [.rank, .values.sum, .layer] | @tsv'
