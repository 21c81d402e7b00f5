@echo off
setlocal
chcp 65001 >nul
call "%~dp0camagent.cmd" demo --output "%USERPROFILE%\camagent-demo"
if exist "%USERPROFILE%\camagent-demo\camagent.html" start "" "%USERPROFILE%\camagent-demo\camagent.html"
pause
