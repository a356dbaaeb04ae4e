// The front end. JupyterLab asks this container for `./extension`; what it needs of JupyterLab it takes from the shared
// scope, so that there is nothing to build. A larger front end is better written in TypeScript and built.
(() => {
  const NAME = "{{ cookiecutter.project_slug }}";
  let scope = {};

  async function shared(name) {
    const versions = scope[name] || {};
    const found = Object.values(versions)[0];
    if (!found) {
      throw new Error(`${NAME}: JupyterLab does not share ${name}.`);
    }
    return (await found.get())();
  }

  async function extension() {
    const { ICommandPalette, showDialog, Dialog } = await shared("@jupyterlab/apputils");
    const { ServerConnection } = await shared("@jupyterlab/services");
    const { URLExt } = await shared("@jupyterlab/coreutils");

    async function hello() {
      const settings = ServerConnection.makeSettings();
      const url = URLExt.join(settings.baseUrl, NAME, "hello");
      const answer = await ServerConnection.makeRequest(url, {}, settings);
      if (!answer.ok) {
        throw new ServerConnection.ResponseError(answer);
      }
      return (await answer.json()).title;
    }

    return {
      id: `${NAME}:plugin`,
      autoStart: true,
      optional: [ICommandPalette],
      activate: (app, palette) => {
        const command = `${NAME}:hello`;
        app.commands.addCommand(command, {
          label: {{ cookiecutter.title_literal }},
          execute: async () => {
            await showDialog({ title: await hello(), buttons: [Dialog.okButton()] });
          }
        });
        if (palette) {
          palette.addItem({ command, category: "Extension" });
        }
      }
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (given) => {
      scope = given;
    },
    get: async (module) => {
      if (module !== "./extension") {
        throw new Error(`${NAME} has no ${module}.`);
      }
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    }
  };
})();
