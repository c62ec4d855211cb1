/**
 * The login: three fields, and one button when the server says that this is a demo.
 */
import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { ProblemError, Unreachable } from "../../sdk/http";
import type { DemoLogin, Login } from "../../sdk/wire";
import { api } from "./api";
import { Icon, Mark } from "./icons";
import { fill, type Texts, useLocale } from "./i18n";
import { Switches } from "./Switches";

function explain(error: unknown, t: Texts): string {
  if (error instanceof Unreachable) return t.login.offline;
  if (!(error instanceof ProblemError)) return t.login.failed;
  if (error.status === 429) return fill(t.login.wait, { n: Math.ceil(error.retryAfterMs / 1000) || 30 });
  return error.status === 401 || error.status === 400 || error.status === 422 ? t.login.wrong : t.login.failed;
}

export function LoginPage({ onLoggedIn }: { onLoggedIn: () => Promise<void> }) {
  const { t } = useLocale();
  const [login, setLogin] = useState<Login>({ tenant: "", email: "", password: "" });
  const [demo, setDemo] = useState<DemoLogin | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    document.title = `${t.login.title} – Forecourt`;
  }, [t]);
  useEffect(() => {
    // 404 is the normal answer: most servers are not a demo.
    api.demo().then(setDemo, () => setDemo(null));
  }, []);

  const submit = async (credentials: Login) => {
    setBusy(true);
    setError(null);
    try {
      await api.login(credentials);
      await onLoggedIn();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const field = (name: keyof Login) => ({
    label: t.login[name],
    name,
    required: true,
    withAsterisk: false,
    size: "md" as const,
    value: login[name],
    onChange: (event: { currentTarget: HTMLInputElement }) => setLogin({ ...login, [name]: event.currentTarget.value }),
  });

  return (
    <div className="login">
      <header className="login-switches">
        <Switches />
      </header>
      <main>
        <p className="brand">
          <Mark size={34} />
          <span>Forecourt</span>
        </p>
        <form
          className="panel"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            void submit(login);
          }}
        >
          <h1>{t.login.title}</h1>
          {error !== null && (
            <Alert color="red" role="alert" icon={<Icon name="alert" />}>
              {explain(error, t)}
            </Alert>
          )}
          <TextInput {...field("tenant")} autoComplete="organization" autoCapitalize="none" placeholder="nordlys-bil" dir="ltr" />
          <TextInput {...field("email")} type="email" autoComplete="username" dir="ltr" />
          <PasswordInput {...field("password")} autoComplete="current-password" dir="ltr" />
          <Button type="submit" size="md" loading={busy}>
            {t.login.submit}
          </Button>
          {demo && (
            <>
              <Button
                variant="light"
                size="md"
                disabled={busy}
                onClick={() => {
                  const { tenant, email, password } = demo;
                  setLogin({ tenant, email, password });
                  void submit({ tenant, email, password });
                }}
              >
                {t.login.demo}
              </Button>
              <p className="muted small">{t.login.demoHint}</p>
            </>
          )}
        </form>
      </main>
    </div>
  );
}
