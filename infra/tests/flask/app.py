import os

from flask import Flask

app = Flask(__name__)


@app.get("/health")
def health():
    return "ok"


@app.get("/")
def home():
    key = "with" if os.environ["API_KEY"] == "hunter2" else "without"
    return f"{os.environ['GREETING']}, {key} the key"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ["PORT"]))
