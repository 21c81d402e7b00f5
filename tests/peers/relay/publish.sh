#!/bin/sh
# Inside a network namespace of its own: the relay, FFmpeg that publishes a file to it in real time, and then the command
# that watches. Usage: publish.sh RELAY FILE TRANSPORT COMMAND...
set -eu
relay=$1 file=$2 transport=$3
shift 3
ip link set lo up
"$relay" >/dev/null 2>&1 &
server=$!
ffmpeg -v error -re -stream_loop -1 -i "$file" -c copy -f rtsp -rtsp_transport "$transport" \
    rtsp://127.0.0.1:8554/stream </dev/null >&2 &
trap 'kill $! $server' EXIT
for _ in $(seq 100); do
    ffprobe -v error -rtsp_transport tcp -show_entries stream=codec_name rtsp://127.0.0.1:8554/stream >/dev/null 2>&1 && break
    sleep 0.2
done
"$@"
