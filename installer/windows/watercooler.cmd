@echo off
chcp 65001 >nul
start "" /min "@BIN@\watercooler.exe" daemon start
