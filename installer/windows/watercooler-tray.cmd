@echo off
chcp 65001 >nul
start "" "@BIN@\watercooler-tray.exe"
