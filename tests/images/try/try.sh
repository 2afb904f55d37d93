#!/bin/bash
# What an image task may rely on: the original environment, and that a finding it prints is read from its log.
# `message-operator-url` is no name a shell can refer to, so all four are shown as `env` has them.
env | grep -E '^(taskName|type|script_location|message-operator-url)=' | sort

if [ -n "${taskName:-}" ]; then
    echo "caseName:镜像任务的环境变量, caseDesc:, result:success, resultDesc:taskName=${taskName}"
else
    echo "caseName:镜像任务的环境变量, caseDesc:, result:fail, resultDesc:缺少环境变量 taskName"
fi
# And what its task gives it to say.
for line; do
    printf '%s\n' "$line"
done
